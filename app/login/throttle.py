"""How many wrong tries are allowed: counted in the database, so that all processes share one count.

- an account (as typed, so unknown ones too): ``ACCOUNT`` failures in 15 minutes, counted apart for each device that has
  signed in to it before (``devices``), so that an attacker slows down strangers and not the owner;
- an address (IPv4, or the /64 of an IPv6): ``ADDRESS`` in 15 minutes;
- the installation: ``EVERYWHERE`` in 15 minutes, a brake on attacks from many addresses, which known devices pass;
- wrong codes of one account: ``CODES`` in an hour.

Nothing locks for good: a count starts anew when its window ends. A try is refused before any hashing when a count is
full; and since tries run side by side, a right answer counts only if the account's count was not full when it was given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.database import Db
from app.login.models import Throttle

ACCOUNT: Final = 10
ADDRESS: Final = 100
EVERYWHERE: Final = 3000
CODES: Final = 20
STEP_UPS: Final = 5
WINDOW: Final = timedelta(minutes=15)
CODES_WINDOW: Final = timedelta(hours=1)
_PREFIX: Final = 64
_COUNTS: Final = sa.select(Throttle.key, Throttle.failures, Throttle.since)


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that is counted: at most ``most`` failures in ``window``."""

    key: bytes
    most: int
    window: timedelta = WINDOW


def account(db: Db, index: bytes, device: bytes = b"") -> Limit:
    """Failures at one account, from strangers together or from one known device."""
    return Limit(db.keys.mac("throttle account", index, device), ACCOUNT)


def address(db: Db, ip: str) -> Limit:
    """Failures from one address."""
    return Limit(db.keys.mac("throttle address", network_of(ip).encode()), ADDRESS)


def everywhere(db: Db) -> Limit:
    """Failures of strangers in the whole installation."""
    return Limit(db.keys.mac("throttle everywhere"), EVERYWHERE)


def codes(db: Db, user_id: bytes) -> Limit:
    """Wrong codes of one account."""
    return Limit(db.keys.mac("throttle codes", user_id), CODES, CODES_WINDOW)


def step_ups(db: Db, session_id: bytes) -> Limit:
    """Wrong codes in one session."""
    return Limit(db.keys.mac("throttle step-up", session_id), STEP_UPS)


def wait(db: Db, limits: Sequence[Limit]) -> int:
    """Seconds to wait before another try is looked at; 0 when none of the counts is full."""
    now = clock.now()
    found = {row.key: row for row in db.rows(_COUNTS.where(Throttle.key.in_([limit.key for limit in limits])))}
    longest = timedelta()
    for limit in limits:
        row = found.get(limit.key)
        if row is not None and row.failures >= limit.most:
            longest = max(longest, row.since + limit.window - now)
    return max(0, -(-longest // timedelta(seconds=1)))


def still_admits(db: Db, limit: Limit) -> bool:
    """Whether the count is not full, after waiting for a failure that is being written: asked before a right answer counts."""
    row = db.row(_COUNTS.where(Throttle.key == limit.key).with_for_update(read=True))
    return row is None or row.failures < limit.most or row.since + limit.window <= clock.now()


def failed(db: Db, limits: Sequence[Limit]) -> None:
    """Count one failure for each; always in the order account, address, everywhere, so that no two wait for each other."""
    now = clock.now()
    for limit in limits:
        is_over = Throttle.since <= now - limit.window
        statement = insert(Throttle).values(key=limit.key, failures=1, since=now)
        db.run(
            statement.on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "failures": sa.case((is_over, 1), else_=Throttle.failures + 1),
                    "since": sa.case((is_over, now), else_=Throttle.since),
                },
            )
        )


def network_of(ip: str) -> str:
    """What is counted as one address: an IPv4 address, or the /64 that an IPv6 subscriber has."""
    try:
        parsed = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> _PREFIX << _PREFIX)}/{_PREFIX}"
    return str(parsed)

"""API keys that were refused, in the access log: evidence that outlives the refusal, and no way to fill the trail.

The event is written in a transaction of its own, since the refusal undoes that of the request. The first refusal in a
minute from an address (one IPv4, or a /64) of one key is an event; keys that are none of ours count as one, whatever they
are. The next event of an address and key says how many were not told before: those before a pause, and those beyond
``EVERYWHERE`` events a minute in the whole installation, stand in none.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request

from app.core import clock
from app.core.actor import Actor
from app.core.audit import Event, Subject, record
from app.core.database import Db, database_of
from app.login import throttle
from app.login.models import Throttle
from app.login.throttle import Limit

EVERYWHERE: Final = 60
_MINUTE: Final = timedelta(minutes=1)


def remember(request: Request, stranger: Actor, reason: str, *, key_id: UUID | None = None, user: str = "") -> None:
    """Note that a key was refused, and why; ``key_id`` and the ``user``'s address where it is one of ours."""
    with database_of(request).transaction() as db:
        own = _limit(db, stranger.ip, key_id)
        missed = _missed(db, own)
        if missed is None or _missed(db, Limit(db.keys.mac("throttle refused keys"), EVERYWHERE, _MINUTE)) is None:
            return
        record(
            db, stranger, Event.SIGN_IN_ATTEMPT, Subject("api_key", key_id, user),
            outcome="failure", username=user, method="api_key", reason=reason,
            detail={"not_recorded_before": missed} if missed else None,
        )  # fmt: skip


def _limit(db: Db, ip: str, key_id: UUID | None) -> Limit:
    which = b"" if key_id is None else key_id.bytes
    return Limit(db.keys.mac("throttle refused key", throttle.network_of(ip).encode(), which), 1, _MINUTE)


def _missed(db: Db, limit: Limit) -> int | None:
    """Count one; None where that was beyond the limit, else how many of the minute before were."""
    row = db.row(sa.select(Throttle.failures, Throttle.since).where(Throttle.key == limit.key))
    throttle.failed(db, [limit])
    if row is None:
        return 0
    if row.since + limit.window <= clock.now():
        return max(0, int(row.failures) - limit.most)
    return 0 if row.failures < limit.most else None

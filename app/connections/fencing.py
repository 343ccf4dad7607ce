"""Only the newest claim of a connection may write: a worker that was paused and wakes up beside its replacement cannot.

Each claim takes the next fencing number; every transaction that stages or merges locks the connection and compares. A
paused worker's open transaction is ended by the server, so that it blocks nobody; where it was paused within a COPY, which
to the server is no idle session, by whoever claims the run (``PausedCopies``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from app.connections.models import LIVE, Connection, Sync
from app.core import clock, logs
from app.core.database import Db

PATIENCE = 20.0  # seconds that a paused process keeps others waiting
_LONGEST_WAIT: Final = 60.0
_LOOK_EVERY: Final = 1.0
_NOT_IN_TIME: Final = "55P03"  # SQLSTATE lock_not_available
_SETTINGS = sa.text(
    "SELECT set_config('idle_in_transaction_session_timeout', :idle, true), set_config('lock_timeout', :lock, true)"
)
_COPYING = sa.text("""
    SELECT activity.pid, activity.query_start, progress.bytes_processed
    FROM pg_stat_activity activity JOIN pg_stat_progress_copy progress ON progress.pid = activity.pid
    WHERE activity.datname = current_database() AND activity.usename = current_user
      AND activity.state = 'active' AND activity.wait_event = 'ClientRead' AND progress.command = 'COPY FROM'
""")
_log = logs.get(__name__)


class LeaseLost(Exception):
    """Somebody else has claimed the connection since: write nothing and end."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write for one run, while ``fence`` is the connection's newest."""

    connection_id: UUID
    sync_id: UUID
    fence: int


class PausedCopies:
    """The sessions of ours that sit in a COPY for which nothing arrives: their process is paused, and they keep its locks.

    Neither ``idle_in_transaction_session_timeout`` nor a statement's own timeout tells them from a COPY that moves.
    """

    def __init__(self) -> None:
        self._since: Mapping[tuple[Any, ...], float] = {}

    def end(self, db: Db) -> int:
        """End those that have not moved for ``PATIENCE`` since they were first looked at; how many."""
        db.rows(sa.select(sa.func.pg_stat_clear_snapshot()))  # or a transaction sees what it saw first
        now = clock.monotonic()
        self._since = {copy: self._since.get(copy, now) for copy in map(tuple, db.rows(_COPYING))}
        paused = [copy[0] for copy, since in self._since.items() if now - since >= PATIENCE]
        for pid in paused:
            db.rows(sa.select(sa.func.pg_terminate_backend(pid)))
            _log.warning("session.paused_in_copy", session=pid)
        return len(paused)


def claim(db: Db, sync_id: UUID) -> Claim | None:
    """Take a run over, from whoever had it; None when it is over already."""
    connection_id = db.value(sa.select(Sync.connection_id).where(Sync.id == sync_id))
    if connection_id is None:
        return None
    fence = _take_over(db, connection_id)
    _be_patient(db)
    mine = sa.update(Sync).where(Sync.id == sync_id, Sync.state.in_(LIVE), Sync.trigger.in_(("manual", "schedule")))
    now = clock.now()
    begun = mine.values(
        state="running",
        fence=fence,
        heartbeat_at=now,
        started_at=sa.func.coalesce(Sync.started_at, now),
        not_before=None,
    )
    return Claim(connection_id, sync_id, fence) if db.run(begun) else None


def advance(db: Db, connection_id: UUID) -> int:
    """Take the next number, so that whoever runs now writes nothing more; locks the connection."""
    newer = sa.update(Connection).where(Connection.id == connection_id).values(fence=Connection.fence + 1)
    return int(db.value(newer.returning(Connection.fence)))


def hold(db: Db, claim: Claim) -> bool:
    """Lock the connection for this transaction; whether the run is asked to stop. Raises ``LeaseLost``."""
    _be_patient(db)
    held = (
        sa.select(Connection.fence, Sync.stop_requested)
        .join(Sync, Sync.connection_id == Connection.id)
        .where(Sync.id == claim.sync_id, Sync.state == "running")
        .with_for_update(of=Connection, key_share=True)
    )
    row = db.row(held)
    if row is None or row.fence != claim.fence:
        raise LeaseLost
    return bool(row.stop_requested)


def _be_patient(db: Db, lock: float = _LONGEST_WAIT) -> None:
    """Within this transaction, wait so many seconds for a lock; end it when it idles."""
    db.rows(_SETTINGS, {"idle": f"{PATIENCE * 1000:.0f}ms", "lock": f"{lock * 1000:.0f}ms"})


def _take_over(db: Db, connection_id: UUID) -> int:
    """``advance``, past a worker that was paused within a COPY."""
    paused, until = PausedCopies(), clock.monotonic() + _LONGEST_WAIT
    while True:
        try:
            with db.savepoint():
                _be_patient(db, _LOOK_EVERY)
                return advance(db, connection_id)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _NOT_IN_TIME or clock.monotonic() > until:
                raise
        paused.end(db)

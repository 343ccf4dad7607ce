"""Only the newest claim of a connection may write: a worker that was paused and wakes up beside its replacement cannot.

Each claim takes the next fencing number; every transaction that stages or merges locks the connection and compares. A
paused worker's open transaction is ended by the server, so that it blocks nobody.
"""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.connections.models import LIVE, Connection, Sync
from app.core import clock
from app.core.database import Db

_PATIENCE = sa.text(
    "SELECT set_config('idle_in_transaction_session_timeout', '20s', true), set_config('lock_timeout', '60s', true)"
)


class LeaseLost(Exception):
    """Somebody else has claimed the connection since: write nothing and end."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write for one run, while ``fence`` is the connection's newest."""

    connection_id: UUID
    sync_id: UUID
    fence: int


def claim(db: Db, sync_id: UUID) -> Claim | None:
    """Take a run over, from whoever had it; None when it is over already."""
    db.rows(_PATIENCE)
    connection_id = db.value(sa.select(Sync.connection_id).where(Sync.id == sync_id))
    if connection_id is None:
        return None
    fence = advance(db, connection_id)
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
    db.rows(_PATIENCE)
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

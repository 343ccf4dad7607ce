"""How a run ends, or waits: each ending is one transaction under the fence, with its event.

Nothing that is staged outlives its run, except while a person is asked.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.connections.models import (
    Connection,
    Counts,
    Removal,
    StagedRecord,
    Sync,
    SyncCheckpoint,
    SyncFacts,
)
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Outcome, Subject
from app.core.database import Db

MOST_ATTEMPTS: Final = 6
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=1)


def fail(db: Db, actor: Actor, sync_id: UUID, sentence: str) -> None:
    """The run failed; ``sentence`` says why and what to do. What it had read is forgotten."""
    sync = _end(db, sync_id, "failed", error=sentence)
    _record(db, actor, sync, Event.SYNC_FINISHED, reason=sentence)


def stop(db: Db, actor: Actor, sync_id: UUID) -> None:
    """A person stopped the run; nothing was merged."""
    sync = _end(db, sync_id, "stopped")
    _record(db, actor, sync, Event.SYNC_FINISHED, reason="stopped by hand")


def discard(db: Db, sync_id: UUID, reason: str) -> None:
    """The run waited for a person and is not merged. The caller records the event."""
    _end(db, sync_id, "discarded", error=reason)


def finish(
    db: Db,
    actor: Actor,
    sync_id: UUID,
    counts: Mapping[str, Counts],
    reasons: tuple[str, ...],
    *,
    event: Event = Event.SYNC_FINISHED,
) -> None:
    """The run is merged; ``reasons`` say why its reading was unsound, none when it was sound."""
    sync = _end(db, sync_id, "done", counts=dict(counts), reasons=reasons, removals=())
    db.run(sa.update(Sync).where(Sync.id == sync_id).values(verdict="unsound" if reasons else "sound"))
    if not reasons:
        complete = sa.update(Connection).where(Connection.id == sync.connection_id)
        db.run(complete.values(last_complete_at=sync.finished_at))
    _record(db, actor, sync, event, counts=counts, reason=" ".join(reasons))


def ask(db: Db, sync_id: UUID, counts: Mapping[str, Counts], removals: tuple[Removal, ...]) -> None:
    """The run would take away too much: it waits, with everything it read, until a person approves or discards it."""
    waiting = {"state": "waiting_approval", "verdict": "sound", "heartbeat_at": clock.now()}
    say(db, sync_id, counts=dict(counts), removals=removals)
    db.run(sa.update(Sync).where(Sync.id == sync_id).values(waiting))
    _schedule_next(db, sync_id)


def postpone(db: Db, sync_id: UUID, sentence: str, retry_after: float | None) -> bool:
    """Let the run be tried again later, from its last page; false when it has been tried often enough."""
    attempts = int(db.value(sa.select(Sync.attempts).where(Sync.id == sync_id))) + 1
    if attempts >= MOST_ATTEMPTS:
        return False
    wait = max(_FIRST_WAIT * 2 ** (attempts - 1), timedelta(seconds=retry_after or 0))
    later = {"state": "queued", "attempts": attempts, "not_before": clock.now() + min(wait, _LONGEST_WAIT)}
    say(db, sync_id, error=sentence)
    return db.run(sa.update(Sync).where(Sync.id == sync_id).values(later)) > 0


def put_back(db: Db, sync_id: UUID) -> None:
    """The worker ends: another goes on from the last page."""
    db.run(sa.update(Sync).where(Sync.id == sync_id).values(state="queued"))


def forget_staged(db: Db, sync_id: UUID) -> None:
    """Delete what a run has staged, and where it stood."""
    db.run(sa.delete(StagedRecord).where(StagedRecord.sync_id == sync_id))
    db.run(sa.delete(SyncCheckpoint).where(SyncCheckpoint.sync_id == sync_id))


def say(db: Db, sync_id: UUID, **said: Any) -> None:
    """Note what the run has to say; what is not named stays."""
    sealed = db.value(sa.select(Sync.sealed).where(Sync.id == sync_id))
    before = db.open(SyncFacts, Sync, sync_id, sealed) if sealed else SyncFacts()
    facts = msgspec.structs.replace(before, **said)
    db.run(sa.update(Sync).where(Sync.id == sync_id).values(sealed=db.seal(Sync, sync_id, facts)))


def _end(db: Db, sync_id: UUID, state: str, **said: Any) -> Any:
    forget_staged(db, sync_id)
    say(db, sync_id, **{"error": "", **said})
    ended = {"state": state, "finished_at": clock.now(), "not_before": None}
    db.run(sa.update(Sync).where(Sync.id == sync_id).values(ended))
    _schedule_next(db, sync_id)
    row = db.row(
        sa.select(
            Sync.id, Sync.connection_id, Sync.state, Sync.trigger, Sync.problems, Sync.finished_at, Connection.name
        )
        .join(Connection, Connection.id == Sync.connection_id)
        .where(Sync.id == sync_id)
    )
    assert row is not None
    return row


def _schedule_next(db: Db, sync_id: UUID) -> None:
    of_this = sa.select(Sync.connection_id).where(Sync.id == sync_id).scalar_subquery()
    interval = sa.func.make_interval(0, 0, 0, 0, 0, Connection.every_minutes)
    scheduled = sa.update(Connection).where(Connection.id == of_this, Connection.every_minutes > 0)
    db.run(scheduled.values(next_run_at=clock.now() + interval))


def _record(
    db: Db, actor: Actor, sync: Any, event: Event, *, reason: str = "", counts: Mapping[str, Counts] | None = None
) -> None:
    detail: dict[str, str | int | bool | None] = {
        "sync": str(sync.id),
        "trigger": sync.trigger,
        "problems": sync.problems,
    }
    for kind, counted in (counts or {}).items():
        detail |= {f"{kind} {name}": value for name, value in msgspec.structs.asdict(counted).items()}
    outcome: Outcome = "failure" if sync.state == "failed" else "success"
    subject = Subject("connection", sync.connection_id, sync.name)
    audit.record(db, actor, event, subject, outcome=outcome, reason=reason, detail=detail)

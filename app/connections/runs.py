"""What a person can do with a run: ask for one, test, stop, approve or discard it. One event each."""

from uuid import UUID

import sqlalchemy as sa

from app.connections import endings, fencing
from app.connections.models import Connection, Sync, Trigger, open_sync
from app.connections.sync import enqueue_sync
from app.connections.testing import enqueue_test
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict
from app.core.identifiers import new_id
from connectors.registry import CONNECTORS


def request_sync(db: Db, actor: Actor, connection: Connection, *, trigger: Trigger = "manual") -> Sync:
    """Have the connection read now: a new run, or the one that is under way. The caller has locked the connection.

    A run that waits for approval is replaced by the new one. Refuses (``Conflict``) for what cannot be read.
    """
    if connection.status == "removed" or "sync" not in CONNECTORS[connection.connector].capabilities:
        raise Conflict("There is nothing to sync: a spreadsheet is imported again instead.")
    live = db.session.scalars(open_syncs(connection.id, "queued", "running")).first()
    found = db.find(Sync, live) if live else None
    if found is not None:
        return found
    for sync_id in db.session.scalars(open_syncs(connection.id, "waiting_approval")).all():
        endings.discard(db, sync_id, "A newer run took its place.")
    sync = Sync(id=new_id(), connection_id=connection.id, trigger=trigger, state="queued", created_at=clock.now())
    db.add(sync)
    enqueue_sync(db, connection.id, sync.id)
    audit.record(
        db, actor, Event.SYNC_REQUESTED, _subject(connection), detail={"sync": str(sync.id), "trigger": trigger}
    )
    return sync


def request_test(db: Db, actor: Actor, connection: Connection) -> Sync:
    """Have the connection tested: a run that reads nothing and says what is wrong."""
    sync = Sync(id=new_id(), connection_id=connection.id, trigger="test", state="queued", created_at=clock.now())
    db.add(sync)
    enqueue_test(db, sync.id)
    audit.record(db, actor, Event.CONNECTION_TESTED, _subject(connection), detail={"sync": str(sync.id)})
    return sync


def stop_sync(db: Db, actor: Actor, connection: Connection, sync: Sync) -> None:
    """Ask a run to stop; it does so between two pages. Refuses (``Conflict``) one that is over."""
    if sync.state == "queued":
        fencing.advance(db, connection.id)
        endings.stop(db, actor, sync.id)
    elif sync.state == "running":
        sync.stop_requested = True
        audit.record(db, actor, Event.SYNC_STOPPED, _subject(connection), detail={"sync": str(sync.id)})
    else:
        raise Conflict("This sync is over.")


def approve_sync(db: Db, actor: Actor, connection: Connection, sync: Sync) -> None:
    """Let a waiting run take away what it showed. Refuses (``Conflict``) one that does not wait."""
    _require_waiting(sync)
    sync.is_approved, sync.state = True, "queued"
    db.session.flush()
    enqueue_sync(db, connection.id, sync.id)
    detail: dict[str, str | int | bool | None] = {"sync": str(sync.id)}
    for removal in open_sync(db, sync).removals:
        detail[removal.kind] = removal.total
    audit.record(db, actor, Event.SYNC_APPROVED, _subject(connection), detail=detail)


def discard_sync(db: Db, actor: Actor, connection: Connection, sync: Sync) -> None:
    """Forget what a waiting run has read. Refuses (``Conflict``) one that does not wait."""
    _require_waiting(sync)
    fencing.advance(db, connection.id)
    endings.discard(db, sync.id, "It was discarded by hand.")
    audit.record(db, actor, Event.SYNC_DISCARDED, _subject(connection), detail={"sync": str(sync.id)})


def open_syncs(connection_id: UUID, *states: str) -> sa.Select[UUID]:
    """The ids of a connection's runs that are not over, or of those in these states; tests are none."""
    wanted = states or ("queued", "running", "waiting_approval")
    return sa.select(Sync.id).where(Sync.connection_id == connection_id, Sync.state.in_(wanted), Sync.trigger != "test")


def _require_waiting(sync: Sync) -> None:
    if sync.state != "waiting_approval":
        raise Conflict("This sync does not wait for approval any more.")


def _subject(connection: Connection) -> Subject:
    return Subject("connection", connection.id, connection.name)

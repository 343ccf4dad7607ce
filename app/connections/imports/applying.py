"""Apply a file exactly as it was previewed, and keep what is needed to undo it.

The database itself notes every row that is written meanwhile (migration 0007), whoever writes it, so that undoing restores
all of it and not only what this room knows of.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.connections import endings, fencing, merging
from app.connections.imports import spool
from app.connections.imports.models import Import
from app.connections.imports.preparing import ALTERED, reading_of
from app.connections.imports.uploading import open_facts
from app.connections.models import Connection, Sync
from app.connections.reconcile import Outcome
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, Invalid
from app.core.sealed import DoesNotOpen


def apply_import(db: Db, actor: Actor, given: Import, *, accept_removals: bool) -> None:
    """Do what the preview showed.

    Refuses (``Conflict``) when it would no longer do exactly that, when there is no preview, or when the connection is
    removed or paused; (``Invalid``) removals over the limits that were not accepted.
    """
    if given.state not in {"ready", "applying"} or given.sync_id is None:
        raise Conflict("There is nothing to apply: look at the preview first.")
    fencing.advance(db, given.connection_id)
    _require_there(db, given.connection_id)
    facts = open_facts(db, given)
    if facts.removals and not accept_removals:
        raise Invalid.field("accept_removals", "Tick this if what would be removed is really gone.")
    sync = db.find(Sync, given.sync_id)
    assert sync is not None
    sync.is_approved = bool(facts.removals)
    db.session.flush()
    endings.say(db, sync.id, removals=facts.removals)
    outcome = _merge(db, actor, given)
    if outcome.counts != facts.counts or outcome.created_people != facts.people:
        raise Conflict("Something has changed since the preview. Nothing was applied: look at it again.")
    _publish(db, actor, given.connection_id)
    endings.finish(db, actor, sync.id, outcome.counts, reading_of(given).reasons, event=Event.IMPORT_APPLIED)
    given.state, given.applied_at = "applied", clock.now()
    spool.forget(db, given.id, spool.FILE)
    db.session.flush()


def _require_there(db: Db, connection_id: UUID) -> None:
    """What a connection brings ends with it, so nothing is brought after its end; the caller has locked it."""
    status = db.value(sa.select(Connection.status).where(Connection.id == connection_id))
    if status == "removed":
        raise Conflict("The connection of this file was removed. Upload the file again to begin anew.")
    if status not in {"draft", "active"}:
        raise Conflict("The connection of this file is paused. Let it run again, then apply the file.")


def _merge(db: Db, actor: Actor, given: Import) -> Outcome:
    assert given.sync_id is not None
    db.session.expire_all()
    try:
        with _noted(db, given.id):
            return merging.apply(db, actor, given.sync_id, reading_of(given))
    except merging.TooMuch:
        raise Conflict("It would remove more than the preview showed. Nothing was applied: look at it again.") from None
    except DoesNotOpen:
        raise Conflict(ALTERED) from None


@contextmanager
def _noted(db: Db, import_id: UUID) -> Iterator[None]:
    """Have the database note what is written."""
    name = sa.text("SELECT set_config('stackwarden.import', :id, true)")
    db.rows(name, {"id": str(import_id)})
    yield
    db.rows(name, {"id": ""})


def _publish(db: Db, actor: Actor, connection_id: UUID) -> None:
    """The first file that is applied makes the connection."""
    connection: Any = db.find(Connection, connection_id)
    if connection.status == "draft":
        connection.status = "active"
        db.session.flush()
        changes = audit.changed({}, {"name": connection.name, "app_id": connection.app_id})
        subject = Subject("connection", connection.id, connection.name)
        audit.record(db, actor, Event.CONNECTION_CREATED, subject, changes=changes)

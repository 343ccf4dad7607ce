"""Large files are read and applied by a worker, in one transaction each: they happen whole or not at all."""

from uuid import UUID

import msgspec

from app.connections.imports.applying import apply_import
from app.connections.imports.models import Import
from app.connections.imports.preparing import prepare
from app.connections.imports.uploading import AT_ONCE, open_facts, record
from app.core.actor import Actor, job_actor
from app.core.audit import Event
from app.core.database import Db
from app.core.errors import Refusal
from app.core.jobs import Job, Runtime, enqueue, job


def is_large(given: Import) -> bool:
    """Whether nobody should wait for it in a browser."""
    return given.rows > AT_ONCE


def start_reading(db: Db, given: Import) -> None:
    """Have a worker read the file and preview it."""
    _start(db, given, READ, "reading")


def start_applying(db: Db, actor: Actor, given: Import) -> None:
    """Have a worker apply the file; removals over the limits have been accepted."""
    given.sealed = db.seal(Import, given.id, msgspec.structs.replace(open_facts(db, given), applied_by=actor.label))
    _start(db, given, APPLY, "applying")
    record(db, actor, Event.IMPORT_REQUESTED, given)


def _start(db: Db, given: Import, what: Job, state: str) -> None:
    given.state = state
    db.session.flush()
    say(db, given, "")
    enqueue(
        db, what, lock=f"connection {given.connection_id}", queueing_lock=f"import {given.id}", import_id=str(given.id)
    )


def say(db: Db, given: Import, error: str) -> None:
    """Note what stood in the way; "" for nothing."""
    facts = msgspec.structs.replace(open_facts(db, given), error=error)
    given.sealed = db.seal(Import, given.id, facts)
    db.session.flush()


def _read(runtime: Runtime, *, import_id: str) -> None:
    try:
        with runtime.database.transaction() as db:
            given = db.find(Import, UUID(import_id), lock=True)
            if given is not None and given.state == "reading":
                prepare(db, _in_the_name_of(open_facts(db, given).uploaded_by), given)
    except Refusal as refusal:
        _fall_back(runtime, import_id, "uploaded", refusal)


def _apply(runtime: Runtime, *, import_id: str) -> None:
    try:
        with runtime.database.transaction() as db:
            given = db.find(Import, UUID(import_id), lock=True)
            if given is not None and given.state == "applying":
                apply_import(db, _in_the_name_of(open_facts(db, given).applied_by), given, accept_removals=True)
    except Refusal as refusal:
        _fall_back(runtime, import_id, "ready", refusal)


READ = job("connections.import_read")(_read)
APPLY = job("connections.import_apply")(_apply)


def _fall_back(runtime: Runtime, import_id: str, state: str, refusal: Refusal) -> None:
    with runtime.database.transaction() as db:
        given = db.find(Import, UUID(import_id), lock=True)
        if given is not None:
            given.state = state
            say(db, given, refusal.message)


def _in_the_name_of(label: str) -> Actor:
    return job_actor(f"Import by {label}")

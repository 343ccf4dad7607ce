"""Large files are read and applied by a worker, in one transaction each: they happen whole or not at all.

Whatever stands in the way, the file is afterwards where it was before, with a sentence that says why: somebody waits for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
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

OURS: Final = "It went wrong for a reason of ours, and nothing was changed. The log says more; try again in a while."


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
    with _ending(runtime, import_id, "reading", back_to="uploaded"), runtime.database.transaction() as db:
        given = db.find(Import, UUID(import_id), lock=True)
        if given is not None and given.state == "reading":
            prepare(db, _in_the_name_of(open_facts(db, given).uploaded_by), given)


def _apply(runtime: Runtime, *, import_id: str) -> None:
    with _ending(runtime, import_id, "applying", back_to="ready"), runtime.database.transaction() as db:
        given = db.find(Import, UUID(import_id), lock=True)
        if given is not None and given.state == "applying":
            apply_import(db, _in_the_name_of(open_facts(db, given).applied_by), given, accept_removals=True)


READ = job("connections.import_read")(_read)
APPLY = job("connections.import_apply")(_apply)


@contextmanager
def _ending(runtime: Runtime, import_id: str, state: str, *, back_to: str) -> Iterator[None]:
    """Let no failure leave the file in ``state``. One that is ours is raised again, for the log."""
    try:
        yield
    except Refusal as refusal:
        _fall_back(runtime, import_id, (state, back_to), refusal.message)
    except Exception:
        _fall_back(runtime, import_id, (state, back_to), OURS)
        raise


def _fall_back(runtime: Runtime, import_id: str, states: tuple[str, str], error: str) -> None:
    state, back_to = states
    with runtime.database.transaction() as db:
        given = db.find(Import, UUID(import_id), lock=True)
        if given is not None and given.state == state:  # it may have been discarded meanwhile
            given.state = back_to
            say(db, given, error)


def _in_the_name_of(label: str) -> Actor:
    return job_actor(f"Import by {label}")

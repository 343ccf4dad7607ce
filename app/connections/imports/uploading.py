"""Take a file in: find out what it is and what its columns are called, before anything is read into the product.

The files of one kind (the people, the accounts of one app, the register) are one connection, so that history, verdict and
the limits on removals are the same as for every other source.
"""

from itertools import count, islice
from typing import BinaryIO, Final
from uuid import UUID

import sqlalchemy as sa

from app.apps.records import AppOut
from app.connections import endings, fencing
from app.connections.imports import spool
from app.connections.imports.models import PENDING, Import, ImportFacts
from app.connections.models import Connection, ConnectionFacts, seal_connection
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Change, Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, FieldError, Invalid
from app.core.identifiers import new_id
from connectors.csv_file.mapping import suggest_mapping
from connectors.csv_file.table import FileRefused, Table
from connectors.csv_file.tables import open_table
from connectors.csv_file.targets import ACCOUNTS, PEOPLE, TARGETS, FileTarget

CONNECTOR: Final = "csv_file"
MOST_BYTES: Final = 50 * 1024 * 1024
AT_ONCE: Final = 10_000  # rows that are read and applied while the browser waits; more are a job
_SAMPLES: Final = 3
_LONGEST_NAME: Final = 200
BY_KEY: Final[dict[str, FileTarget]] = {target.key: target for target in TARGETS}


def upload(db: Db, actor: Actor, target: FileTarget, app: AppOut | None, name: str, data: BinaryIO) -> Import:
    """Keep a file, sealed, with the suggestion of what its columns hold. An earlier file that waits is discarded.

    Refuses (``Invalid``) what is no table, naming row and column; (``Conflict``) the second of two first files of one kind
    that come at the same moment.
    """
    table, rows = _looked_at(data)
    samples = tuple(row for row in _sample(data))
    connection = _connection(db, target, app)
    fencing.advance(db, connection.id)
    discard_pending(db, actor, connection.id, "Another file took its place.")
    made = Import(
        id=new_id(), connection_id=connection.id, target=target.key, state="uploaded", size=data.seek(0, 2), rows=rows,
        created_at=clock.now(),
    )  # fmt: skip
    facts = ImportFacts(
        file_name=name[:200], uploaded_by=actor.label, columns=table.columns, samples=samples, sheets=table.sheets,
        mapping=suggest_mapping(table.columns, target),
    )  # fmt: skip
    made.sealed = db.seal(Import, made.id, facts)
    db.add(made)
    spool.store(db, made.id, spool.FILE, data)
    record(db, actor, Event.IMPORT_UPLOADED, made, size=made.size)
    return made


def discard_pending(db: Db, actor: Actor, connection_id: UUID, reason: str) -> None:
    """Forget the files of a connection that are not applied yet; the caller has locked it."""
    waiting = sa.select(Import).where(Import.connection_id == connection_id, Import.state.in_(PENDING))
    now = waiting.with_for_update().execution_options(populate_existing=True)  # a worker may be reading one
    for pending in db.session.scalars(now).all():
        discard(db, actor, pending, reason=reason)


def discard(db: Db, actor: Actor, pending: Import, *, reason: str = "") -> None:
    """Forget a file that is not applied, and what was read of it."""
    if pending.sync_id is not None:
        endings.discard(db, pending.sync_id, "The file was not applied.")
    for kind in (spool.FILE, spool.FAILED):
        spool.forget(db, pending.id, kind)
    pending.state = "discarded"
    db.session.flush()
    record(db, actor, Event.IMPORT_DISCARDED, pending, reason=reason)


def open_facts(db: Db, row: Import) -> ImportFacts:
    """What is known of a file."""
    return db.open(ImportFacts, Import, row.id, row.sealed)


def record(
    db: Db,
    actor: Actor,
    event: Event,
    given: Import,
    *,
    changes: tuple[Change, ...] = (),
    reason: str = "",
    **more: str | int,
) -> None:
    """Record what happened to a file; the subject is the connection that it belongs to."""
    connection = db.find(Connection, given.connection_id)
    assert connection is not None
    subject = Subject("connection", connection.id, connection.name)
    detail = {"import": str(given.id), "file": open_facts(db, given).file_name, **more}
    audit.record(db, actor, event, subject, changes=changes, reason=reason, detail=detail)


def _looked_at(data: BinaryIO) -> tuple[Table, int]:
    try:
        table = open_table(data)
        # A workbook is slow to read: whether it is large is enough here, and its reading refuses what is too long.
        rows = islice(table.rows, AT_ONCE + 1) if table.format == "xlsx" else table.rows
        return table, sum(1 for _ in rows)
    except FileRefused as refused:
        raise Invalid.field("file", refused.message) from None


def _sample(data: BinaryIO) -> list[tuple[str, ...]]:
    table = open_table(data)
    return [tuple(cell[:80] for cell in row.cells) for row in islice(table.rows, _SAMPLES)]


def _connection(db: Db, target: FileTarget, app: AppOut | None) -> Connection:
    """The connection that such files belong to; a draft until the first of them is applied."""
    same = sa.select(Connection).where(
        Connection.connector == CONNECTOR,
        Connection.status != "removed",
        Connection.feeds_people == (target is PEOPLE),
        Connection.app_id == app.id if app else Connection.app_id.is_(None),
    )
    found = db.session.scalars(same.with_for_update()).first()
    if found is not None:
        return found
    now = clock.now()
    subject = f"accounts of {app.label}" if target is ACCOUNTS and app else target.name.lower()
    made = Connection(
        id=new_id(), connector=CONNECTOR, name=_free_name(db, f"Spreadsheet: {subject}"), app_id=app.id if app else None,
        feeds_people=target is PEOPLE, every_minutes=0, status="draft", removal_percent=5, removal_count=5, fence=0,
        created_at=now, changed_at=now,
    )  # fmt: skip
    made.sealed = seal_connection(db, made, ConnectionFacts())
    try:
        with db.savepoint():
            db.add(made)
    except sa.exc.IntegrityError as error:
        if "uq_connections_name" not in str(error.orig):
            raise
        message = "Another file of this kind was uploaded at the same moment. Look at it first, or send yours again."
        raise Conflict(message, fields=(FieldError("file", message),)) from None
    return made


def _free_name(db: Db, wanted: str) -> str:
    """``wanted``, or with the first number behind it under which no connection is known."""
    numbers = ("" if number == 1 else f" ({number})" for number in count(1))
    names = (wanted[: _LONGEST_NAME - len(number)] + number for number in numbers)
    return next(name for name in names if not _is_taken(db, name))


def _is_taken(db: Db, name: str) -> bool:
    same = (sa.func.lower(Connection.name) == sa.func.lower(name), Connection.status != "removed")
    return bool(db.value(sa.select(sa.exists().where(*same))))

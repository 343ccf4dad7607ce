"""Read a file by its mapping into staging, and find out what applying it would do, by doing it and rolling back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NoReturn
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.connections import endings, merging
from app.connections.imports import spool
from app.connections.imports.lines import Lines, all_apps, app_lines, staged_lines
from app.connections.imports.models import Import, ImportFacts
from app.connections.imports.uploading import BY_KEY, open_facts, record
from app.connections.models import Removal, Sync, SyncProblems
from app.connections.problems import ProblemList
from app.connections.reconcile import Outcome
from app.connections.staging import Desk, stage
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Db
from app.core.errors import Conflict, FieldError, Invalid
from app.core.identifiers import new_id
from app.core.sealed import DoesNotOpen
from connectors.csv_file.failed_rows import failed_rows_file
from connectors.csv_file.mapping import check_mapping
from connectors.csv_file.reading import Reading, read
from connectors.csv_file.table import FileRefused
from connectors.csv_file.tables import open_table
from connectors.csv_file.targets import APPS, PEOPLE

ALTERED: Final = "The connection of this file was changed in the database and not here. Save its settings again first."
_BATCH: Final = 1_000


class Preview(Exception):
    """What applying would do, and what of it exceeds the connection's limits on removals; raised to undo it again."""

    def __init__(self, outcome: Outcome, lines: Lines, removals: tuple[Removal, ...] = ()) -> None:
        super().__init__()
        self.outcome, self.lines, self.removals = outcome, lines, removals


def remember_mapping(db: Db, actor: Actor, given: Import, mapping: Mapping[str, str], *, is_complete: bool) -> None:
    """Note which column holds what. Refuses (``Invalid``) a mapping that cannot be used, field by field."""
    facts = open_facts(db, given)
    problems = check_mapping(mapping, facts.columns, BY_KEY[given.target])
    if problems:
        fields = tuple(FieldError(f"column.{one.field}" if one.field else "", one.message) for one in problems)
        raise Invalid("The columns need your attention.", fields=fields)
    before = {**facts.mapping, "is_complete": given.is_complete}
    given.is_complete = is_complete and BY_KEY[given.target] is not PEOPLE
    _save(db, given, msgspec.structs.replace(facts, mapping=dict(mapping)))
    changes = audit.changed(before, {**mapping, "is_complete": given.is_complete})
    record(db, actor, Event.IMPORT_MAPPED, given, changes=changes)


def prepare(db: Db, actor: Actor, given: Import) -> None:
    """Stage the file and preview it.

    Refuses (``Invalid``) a file that turns out not to be a table on the way; (``Conflict``) an altered connection.
    """
    _start_over(db, given)
    failed = _stage(db, given)
    given.failed_rows = failed
    given.state = "ready"
    db.session.flush()
    shown = preview(db, actor, given)
    found = msgspec.structs.replace(
        open_facts(db, given), counts=shown.outcome.counts, people=shown.outcome.created_people, lines=shown.lines,
        removals=shown.removals, reasons=reading_of(given).reasons,
    )  # fmt: skip
    _save(db, given, found)


def preview(db: Db, actor: Actor, given: Import) -> "Preview":
    """What applying would do now. Nothing of it stays."""
    try:
        _rehearse(db, actor, given)
    except Preview as shown:
        return shown
    except DoesNotOpen:
        raise Conflict(ALTERED) from None


def _rehearse(db: Db, actor: Actor, given: Import) -> NoReturn:
    assert given.sync_id is not None
    reading = reading_of(given)
    with db.savepoint():
        lines = staged_lines(db, given.sync_id, given.connection_id, may_end=reading.is_whole)
        apps = all_apps(db) if given.target == APPS.key else {}
        try:
            shown = Preview(merging.apply(db, actor, given.sync_id, reading), lines)
        except merging.TooMuch as too_much:
            shown = Preview(too_much.outcome, lines, too_much.removals)
        if given.target == APPS.key:
            shown.lines = app_lines(apps, all_apps(db))
        raise shown


def reading_of(given: Import) -> merging.Reading:
    """What a file's reading may do: a file with rows that could not be read takes nothing away."""
    if given.is_complete and given.failed_rows:
        return merging.unsound([f"{given.failed_rows:,} rows could not be read, so nothing counts as gone."])
    return merging.Reading(is_whole=given.is_complete)


def _start_over(db: Db, given: Import) -> None:
    if given.sync_id is not None:
        endings.forget_staged(db, given.sync_id)
        db.run(sa.delete(Sync).where(Sync.id == given.sync_id))
    spool.forget(db, given.id, spool.FAILED)
    now = clock.now()
    sync = Sync(
        id=new_id(),
        connection_id=given.connection_id,
        trigger="import",
        state="preview",
        created_at=now,
        started_at=now,
    )
    db.add(sync)
    given.sync_id = sync.id


def _stage(db: Db, given: Import) -> int:
    """Stage every row; how many could not be read."""
    assert given.sync_id is not None
    facts, target = open_facts(db, given), BY_KEY[given.target]
    desk = Desk(db, given.connection_id, given.sync_id)
    failed = _Failed(db, given.id, given.sync_id, facts.columns)
    try:
        table = open_table(spool.opened(db, given.id, given.size))
        for batch in _batches(read(table, facts.mapping, target)):
            stage(desk, (record for reading in batch for record in reading.records))
            failed.add([reading for reading in batch if reading.problem])
    except FileRefused as refused:
        raise Invalid.field("file", refused.message) from None
    db.run(sa.update(Sync).where(Sync.id == given.sync_id).values(problems=failed.count, read_at=clock.now()))
    return failed.count


class _Failed:
    """The rows that could not be read: noted with the run, and kept as a file to mend."""

    def __init__(self, db: Db, import_id: UUID, sync_id: UUID, columns: tuple[str, ...]) -> None:
        self._db, self._import_id, self._sync_id, self._columns = db, import_id, sync_id, columns
        self._number = 0
        self.count = 0

    def add(self, readings: Sequence[Reading]) -> None:
        if not readings:
            return
        problems = tuple(reading.problem for reading in readings if reading.problem)
        sealed = self._db.seal(SyncProblems, self._sync_id, ProblemList(problems=problems), self._number)
        row = SyncProblems(sync_id=self._sync_id, number=self._number, count=len(problems), sealed=sealed)
        self._db.add(row)
        text = failed_rows_file(readings, self._columns)
        if self._number:
            text = text.partition(b"\r\n")[2]  # one header is enough
        spool.append(self._db, self._import_id, spool.FAILED, self._number, text)
        self._number += 1
        self.count += len(problems)


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    batch: list[Reading] = []
    for reading in readings:
        batch.append(reading)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _save(db: Db, given: Import, facts: ImportFacts) -> None:
    given.sealed = db.seal(Import, given.id, facts)
    db.session.flush()

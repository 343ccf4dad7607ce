"""The roster: each process opens people's names once, so that it can search and sort what SQL sees only sealed.

A search first re-reads those who changed since the last one: triggers note who changed in which transaction, and every
transaction that was still open at the last reading (``pg_snapshot_xmin``) is looked at again, so that a late commit is
not missed. It reads through the caller's transaction; what that one has not committed it keeps to itself.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from fastapi import Request

from app.core.database import Db
from app.people.facets import FacetNames
from app.people.folding import fold
from app.people.models import Person, PersonFacts, RosterChange
from app.people.visibility import PEOPLE

CHANGES_KEPT = timedelta(days=2)
_START_AGAIN_AFTER = timedelta(days=1)  # well before the notes of changes are cleared away
MAX_KEY = 80  # sort keys travel in cursors
_BATCH = 1000
_p = PEOPLE.c
_c = RosterChange.__table__.c
_COLUMNS = (
    _p.id, _p.type, _p.status, _p.team_id, _p.location_id, _p.cost_centre_id, _p.manager_id, _p.start_date,
    _p.leaving_date, _p.merged_into_id, _p.sealed,
)  # fmt: skip


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What the roster knows of one person. ``text`` is what is searched: folded name, e-mail, aliases, employee id."""

    id: UUID
    name: str
    text: str
    type: str
    status: str
    team_id: UUID | None
    location_id: UUID | None
    cost_centre_id: UUID | None
    manager_id: UUID | None
    start_date: date | None
    leaving_date: date | None

    @property
    def folded_name(self) -> str:
        """The beginning of the name, as it is compared."""
        return self.text.partition("\n")[0][:MAX_KEY]

    @property
    def folded_email(self) -> str:
        """The beginning of the e-mail address, as it is compared; "" where none is known."""
        return self.text.split("\n", 2)[1][:MAX_KEY]


class Seen(NamedTuple):
    """How far the notes of changes have been read: all transactions below ``before``, and these notes above it."""

    before: int
    notes: frozenset[int]
    at: datetime


class Snapshot:
    """The people as they were read, by name. They never change; ``derived`` keeps what was worked out from them."""

    __slots__ = ("by_id", "derived", "entries", "seen")

    def __init__(self, entries: Iterable[Entry], seen: Seen) -> None:
        self.entries: Sequence[Entry] = sorted(entries, key=lambda entry: (entry.folded_name, entry.id))
        self.by_id = {entry.id: entry for entry in self.entries}
        self.seen = seen
        self.derived: dict[object, Any] = {}


class Roster:
    """The people of one process, safe to share between its threads."""

    def __init__(self) -> None:
        self.facets = FacetNames()
        self._lock = threading.Lock()
        self._kept: Snapshot | None = None

    def present(self, db: Db) -> Snapshot:
        """Everybody as ``db`` sees them now; tombstones left out. Not cut to what an actor may see."""
        with self._lock:
            snapshot, is_committed = self._read(db)
            if is_committed:
                self._kept = snapshot
            return snapshot

    def name(self, db: Db, person_id: UUID | None) -> str:
        """The name of one person; "" for None and for who is not there. Not cut to what an actor may see."""
        return "" if person_id is None else self.names(db, (person_id,)).get(person_id, "")

    def names(self, db: Db, person_ids: Iterable[UUID | None]) -> dict[UUID, str]:
        """The names of people by id; who is not there is left out. Not cut to what an actor may see."""
        found = self.present(db).by_id
        return {person_id: found[person_id].name for person_id in person_ids if person_id and person_id in found}

    def _read(self, db: Db) -> tuple[Snapshot, bool]:
        old = self._kept
        notes, seen, is_committed = _changes(db, old.seen if old else None)
        if old is None or seen.at - old.seen.at > _START_AGAIN_AFTER:
            return Snapshot(_opened(db, _p.merged_into_id.is_(None)), seen), is_committed
        if not notes:
            if seen != old.seen:
                old.seen = seen
            return old, is_committed
        changed = {note.person_id for note in notes}
        ids = sa.any_(sa.cast(list(changed), sa.ARRAY(sa.Uuid)))
        fresh = _opened(db, _p.merged_into_id.is_(None) & (_p.id == ids))
        kept = (entry for entry in old.entries if entry.id not in changed)
        return Snapshot([*kept, *fresh], seen), is_committed


def roster_of(request: Request) -> Roster:
    """The process's roster, wired into the application by ``main`` as ``app.state.roster``."""
    roster = request.app.state.roster
    assert isinstance(roster, Roster)
    return roster


def _changes(db: Db, last: Seen | None) -> tuple[Sequence[sa.Row[Any]], Seen, bool]:
    """The notes that ``last`` does not know, how far that is, and whether none of them is the caller's own."""
    snapshot = sa.func.pg_current_snapshot()
    now = sa.select(
        sa.cast(sa.cast(sa.func.pg_snapshot_xmin(snapshot), sa.Text), sa.BigInteger).label("xmin"),
        sa.cast(sa.cast(sa.func.pg_current_xact_id_if_assigned(), sa.Text), sa.BigInteger).label("own"),
        sa.func.clock_timestamp().label("at"),
    ).cte("now")
    since = now.c.xmin if last is None else sa.literal(last.before, sa.BigInteger)
    statement = sa.select(now, _c.id, _c.transaction, _c.person_id).select_from(
        now.outerjoin(RosterChange.__table__, _c.transaction >= since)
    )
    rows = db.rows(statement)
    head = rows[0]
    notes = [row for row in rows if row.id is not None]
    known = last.notes if last else frozenset()
    seen = Seen(head.xmin, frozenset(note.id for note in notes if note.transaction >= head.xmin), head.at)
    is_committed = head.own is None or all(note.transaction != head.own for note in notes)
    return [note for note in notes if note.id not in known], seen, is_committed


def _opened(db: Db, condition: sa.ColumnElement[bool]) -> Iterator[Entry]:
    statement = sa.select(*_COLUMNS).where(condition).execution_options(yield_per=_BATCH)
    shared: dict[Any, Any] = {}

    def one(value: Any) -> Any:
        return shared.setdefault(value, value)

    for row in db.session.execute(statement):
        facts = db.open(PersonFacts, Person, row.id, row.sealed)
        searched = (facts.display_name, facts.email, *facts.aliases, facts.employee_id)
        yield Entry(
            row.id, facts.display_name, "\n".join(fold(text.replace("\n", " ")) for text in searched),
            one(row.type), one(row.status), one(row.team_id), one(row.location_id), one(row.cost_centre_id),
            one(row.manager_id), one(row.start_date), one(row.leaving_date),
        )  # fmt: skip

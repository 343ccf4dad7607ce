"""The roster: each process opens people's names once, so that it can search and sort what SQL sees only sealed.

A search first re-reads those who changed since the last one: triggers note who changed in which transaction, and every
transaction that was still open at the last reading (``pg_snapshot_xmin``) is looked at again, so that a late commit is
not missed. It reads through the caller's transaction; what that one has not committed it keeps to itself.
"""

import threading
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
_MANY = 500
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

    def __init__(self, entries: Sequence[Entry], by_id: Mapping[UUID, Entry], seen: Seen) -> None:
        self.entries = entries
        self.by_id = by_id
        self.seen = seen
        self.derived: dict[object, Any] = {}

    @classmethod
    def of(cls, people: Mapping[UUID, Entry], seen: Seen) -> "Snapshot":
        """All these people."""
        return cls(sorted(people.values(), key=_place), people, seen)

    def with_changes(self, changed: Collection[UUID], fresh: Collection[Entry], seen: Seen) -> "Snapshot":
        """The same people, but of those who ``changed`` only the ``fresh`` ones, as they are now."""
        by_id = dict(self.by_id)
        gone = [by_id.pop(person_id) for person_id in changed if person_id in by_id]
        by_id |= {entry.id: entry for entry in fresh}
        if len(changed) > _MANY:
            return Snapshot.of(by_id, seen)
        entries = list(self.entries)
        for entry in gone:
            del entries[bisect_left(entries, _place(entry), key=_place)]
        for entry in fresh:
            insort(entries, entry, key=_place)
        return Snapshot(entries, by_id, seen)


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
            everybody = {entry.id: entry for entry in _opened(db, _p.merged_into_id.is_(None))}
            return Snapshot.of(everybody, seen), is_committed
        if not notes:
            old.seen = seen
            return old, is_committed
        changed = {note.person_id for note in notes}
        ids = sa.any_(sa.cast(list(changed), sa.ARRAY(sa.Uuid)))
        fresh = list(_opened(db, _p.merged_into_id.is_(None) & (_p.id == ids)))
        return old.with_changes(changed, fresh, seen), is_committed


def roster_of(request: Request) -> Roster:
    """The process's roster, wired into the application by ``main`` as ``app.state.roster``."""
    roster = request.app.state.roster
    assert isinstance(roster, Roster)
    return roster


def _place(entry: Entry) -> tuple[str, UUID]:
    return entry.folded_name, entry.id


_now = sa.select(
    sa.cast(sa.cast(sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot()), sa.Text), sa.BigInteger).label("xmin"),
    sa.cast(sa.cast(sa.func.pg_current_xact_id_if_assigned(), sa.Text), sa.BigInteger).label("own"),
    sa.func.clock_timestamp().label("at"),
).cte("now")


def _notes_since(transaction: Any) -> sa.Select[Any]:
    notes = _now.outerjoin(RosterChange.__table__, _c.transaction >= transaction)
    return sa.select(_now, _c.id, _c.transaction, _c.person_id).select_from(notes)


_FIRST_NOTES = _notes_since(_now.c.xmin)
_FURTHER_NOTES = _notes_since(sa.bindparam("since", type_=sa.BigInteger))


def _changes(db: Db, last: Seen | None) -> tuple[Sequence[sa.Row[Any]], Seen, bool]:
    """The notes that ``last`` does not know, how far that is, and whether none of them is the caller's own."""
    rows = db.rows(_FIRST_NOTES) if last is None else db.rows(_FURTHER_NOTES, {"since": last.before})
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

"""Whose a record is: joined on e-mail address, then on aliases; a record that nobody's address fits makes a person.

Once joined, a record stays with its person until a hand moves it. Records that are known settle their people's addresses
first, so that an address which one person gives up and another takes in the same reading goes to the right one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Db
from app.core.identifiers import new_id
from app.people.blending import Said, rank_of
from app.people.emails import email_index
from app.people.models import Person, PersonEmail, PersonRecord, RecordFacts

_records = PersonRecord.__table__
_emails = PersonEmail.__table__.c
_people = Person.__table__.c


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose reading is merged, as of when. Of several records the lifecycle source's word counts first.

    In a first reading everybody new is written as the lifecycle will find them, because nobody is told of each.
    """

    connection_id: UUID
    at: datetime
    lifecycle_source_id: UUID | None
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A batch of records with their people: ``known`` records were there, ``created`` people were not.

    ``by_person`` has all records of each person that may be written, in order of whose word counts.
    """

    read: Sequence[Said]
    known: frozenset[UUID]
    created: frozenset[UUID]
    by_person: Mapping[UUID, Sequence[Said]]
    addresses: "Addresses"


class Addresses:
    """Whose each address is, as far as the database and this batch say; ``released`` people hold only what they claim."""

    def __init__(self, db: Db, released: Iterable[UUID]) -> None:
        self._db = db
        self._released = frozenset(released)
        self._indexes: dict[str, bytes] = {}
        self._owners: dict[bytes, UUID] = {}

    def note(self, records: Iterable[tuple[Any, RecordFacts]]) -> None:
        """Take over what the rows say of their addresses: the index, and whose it is."""
        for row, facts in records:
            if facts.email and row.email_index:
                self._indexes[facts.email] = row.email_index
                if row.bearer_id and row.bearer_id not in self._released:
                    self._owners[row.email_index] = row.bearer_id

    def learn(self, facts: Iterable[RecordFacts]) -> None:
        """Find out whose the addresses of these records are, but for those that are known."""
        new = {address for said in facts for address in _addresses(said) if address not in self._indexes}
        if not new:
            return
        self._indexes |= {address: email_index(self._db, address) for address in new}
        among = any_of((self._indexes[address] for address in new), sa.LargeBinary)
        for row in self._db.rows(sa.select(_emails.email_index, _emails.person_id).where(_emails.email_index == among)):
            if row.person_id not in self._released:
                self._owners.setdefault(row.email_index, row.person_id)

    def claim(self, addresses: Iterable[str], person_id: UUID) -> None:
        """Give addresses to a person, except those that somebody else bears."""
        for address in filter(None, addresses):
            self._owners.setdefault(self._indexes[address], person_id)

    def owner_of(self, facts: RecordFacts) -> UUID | None:
        """Who bears the record's address or, failing that, one of its aliases."""
        for address in _addresses(facts):
            if owner := self._owners.get(self._indexes[address]):
                return owner
        return None

    def bearer(self, index: bytes | None) -> UUID | None:
        """Who bears the address of this blind index, as far as it was learnt."""
        return self._owners.get(index) if index else None

    def index(self, address: str) -> bytes:
        """The blind index of an address that was learnt."""
        return self._indexes[address]

    def is_borne_by(self, person_id: UUID, address: str) -> bool:
        """Whether the address is this person's."""
        return self._owners.get(self._indexes[address]) == person_id


def with_people(read: sa.Subquery) -> sa.Subquery:
    """``read`` with ``person_id``, whose each record is that is stored, and ``bearer_id``, who bears its ``email_index``."""
    stored = read.outerjoin(PersonRecord, _records.c.id == read.c.id)
    both = stored.outerjoin(PersonEmail, _emails.email_index == read.c.email_index)
    columns = (_records.c.person_id, _emails.person_id.label("bearer_id"))
    return sa.select(*read.c, *columns).select_from(both).subquery(f"{read.name}_with_people")


def join(db: Db, reading: Reading, rows: Sequence[sa.Row[Any]]) -> Joined:
    """Find or make the person of each record of a batch, ``with_people``."""
    records = [(row, db.open(RecordFacts, PersonRecord, row.id, row.sealed)) for row in rows]
    known = {row.id: row.person_id for row in rows if row.person_id}
    settled = set(known.values())
    manual = _typed_here(db, settled)
    addresses = Addresses(db, settled - manual)
    addresses.note(records)
    read = [_said(reading, row, row.person_id, facts) for row, facts in records if row.person_id]
    others = _other_records(db, reading, settled, known)
    addresses.learn(facts for _, facts in records)
    addresses.learn(one.facts for one in others)
    in_order = sorted((*read, *others), key=lambda one: one.rank)
    for one in in_order:
        addresses.claim((one.facts.email,), one.person_id)
    for one in in_order:
        addresses.claim(one.facts.aliases, one.person_id)
    new, created = _match_new(reading, (one for one in records if not one[0].person_id), addresses)
    met = {one.person_id for one in new if one.person_id not in created} - settled
    manual |= _typed_here(db, met)
    others += _other_records(db, reading, met, known)
    addresses.learn(one.facts for one in others)
    by_person: dict[UUID, list[Said]] = defaultdict(list)
    for one in (*read, *new, *others):
        if one.person_id not in manual:
            by_person[one.person_id].append(one)
    for several in by_person.values():
        if len(several) > 1:
            several.sort(key=lambda one: one.rank)
    return Joined((*read, *new), frozenset(known), frozenset(created), by_person, addresses)


def any_of(values: Iterable[Any], kind: Any) -> Any:
    """``= ANY(array)``: one parameter, however many values."""
    return sa.any_(sa.cast(list(values), sa.ARRAY(kind)))


def _match_new(
    reading: Reading, records: Iterable[tuple[Any, RecordFacts]], addresses: Addresses
) -> tuple[list[Said], set[UUID]]:
    new, created = [], set()
    for row, facts in records:
        person_id = addresses.owner_of(facts)
        if person_id is None:
            person_id = new_id()
            created.add(person_id)
        addresses.claim(_addresses(facts), person_id)
        new.append(_said(reading, row, person_id, facts))
    return new, created


def _said(reading: Reading, row: Any, person_id: UUID, facts: RecordFacts) -> Said:
    rank = rank_of(reading.lifecycle_source_id, reading.connection_id, None, reading.at, row.id)
    return Said(person_id, row.id, rank, row, facts)


def _addresses(facts: RecordFacts) -> tuple[str, ...]:
    return (facts.email, *facts.aliases) if facts.email else facts.aliases


def _typed_here(db: Db, people: Collection[UUID]) -> set[UUID]:
    if not people:
        return set()
    manual = sa.select(_people.id).where(_people.id == any_of(people, sa.Uuid), _people.is_manual)
    return set(db.session.scalars(manual))


def _other_records(db: Db, reading: Reading, people: Collection[UUID], read: Collection[UUID]) -> list[Said]:
    """What records outside this batch say of people."""
    if not people:
        return []
    rows = db.rows(sa.select(_records).where(_records.c.person_id == any_of(people, sa.Uuid)))
    return [
        Said(
            row.person_id,
            row.id,
            rank_of(reading.lifecycle_source_id, row.connection_id, row.seen_until, row.seen_from, row.id),
            row,
            db.open(RecordFacts, PersonRecord, row.id, row.sealed),
        )
        for row in rows
        if row.id not in read
    ]

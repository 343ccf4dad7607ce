"""Merge what a source has read of people into records, and records into people: set-wise, changed rows only.

What a person is called follows from all their records (``blending``), whoever they are (``joining``); a person typed here
is left alone. Nobody is removed: a record that is gone ends, and the lifecycle decides what that means.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import aliased

from app.core import bulk
from app.core.database import Db
from app.organisation.queries import today
from app.people.blending import Said, blend, facet_ids, rank_in_sql
from app.people.joining import Joined, Reading, any_of, join, with_people
from app.people.models import Person, PersonEmail, PersonFacts, PersonRecord

__all__ = [
    "Applied",
    "Presence",
    "Reading",
    "apply_records",
    "end_records",
    "follow_managers",
    "follow_presence",
    "with_people",
]

_RECORDS, _PEOPLE, _EMAILS = PersonRecord.__table__, Person.__table__, PersonEmail.__table__
_RECORD_COLUMNS = tuple(
    _RECORDS.c[name]
    for name in (
        "id", "connection_id", "source_index", "person_id", "type", "status", "start_date", "leaving_date",
        "manager_index", "content_mac", "seen_from", "sealed",
    )
)  # fmt: skip
_PERSON_COLUMNS = tuple(
    _PEOPLE.c[name]
    for name in (
        "id", "type", "team_id", "location_id", "cost_centre_id", "job_title_id", "start_date", "changed_at", "sealed",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch did: how many records are new, and how many changed, and the people it made."""

    added: int
    changed: int
    created: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Presence:
    """How many records came back and how many are gone, and whose the gone ones are."""

    returned: int
    ended: int
    people: frozenset[UUID]


def apply_records(db: Db, reading: Reading, rows: Sequence[sa.Row[Any]]) -> Applied:
    """Merge new and changed records; at most some thousands at a time, so that memory stays flat.

    Each row has id, source_index, type, status, start_date, leaving_date, manager_index, email_index, content_mac, the facts
    sealed for the record of that id, and what ``with_people`` adds.
    """
    joined = join(db, reading, rows)
    _write_people(db, reading, joined)
    _write_records(db, reading, joined)
    return Applied(len(rows) - len(joined.known), len(joined.known), joined.created)


def follow_presence(db: Db, reading: Reading, read: sa.Subquery, *, may_end: bool) -> Presence:
    """Reopen the records that were read again and, where ``may_end``, end those that were not.

    ``read`` has the ``source_index`` of every record that is there.
    """
    ours = _RECORDS.c.connection_id == reading.connection_id
    is_read = sa.exists().where(read.c.source_index == _RECORDS.c.source_index)
    back = sa.update(PersonRecord).values(seen_until=None).where(ours, _RECORDS.c.seen_until.is_not(None), is_read)
    returned = db.run(back)
    if not may_end:
        return Presence(returned, 0, frozenset())
    gone = sa.update(PersonRecord).values(seen_until=reading.at).where(ours, _RECORDS.c.seen_until.is_(None), ~is_read)
    ended = db.rows(gone.returning(_RECORDS.c.id, _RECORDS.c.person_id))
    return Presence(returned, len(ended), frozenset(row.person_id for row in ended))


def end_records(db: Db, connection_id: UUID, at: datetime) -> int:
    """End every record of a connection: it is removed. How many there were."""
    present = (_RECORDS.c.connection_id == connection_id, _RECORDS.c.seen_until.is_(None))
    return db.run(sa.update(PersonRecord).values(seen_until=at).where(*present))


def follow_managers(db: Db, reading: Reading) -> int:
    """Set the managers of the people whom this connection knows, as their first record that names one says.

    A manager is found in the record's own source, or by e-mail address; how many people it changed.
    """
    boss = aliased(PersonRecord)
    same_source = sa.and_(boss.connection_id == _RECORDS.c.connection_id, boss.source_index == _RECORDS.c.manager_index)
    ours = sa.select(_RECORDS.c.person_id).where(_RECORDS.c.connection_id == reading.connection_id)
    said = (
        sa.select(_RECORDS.c.person_id, sa.func.coalesce(_EMAILS.c.person_id, boss.person_id).label("manager_id"))
        .ext(distinct_on(_RECORDS.c.person_id))
        .outerjoin(_EMAILS, _EMAILS.c.email_index == _RECORDS.c.manager_index)
        .outerjoin(boss, same_source)
        .where(_RECORDS.c.person_id.in_(ours))
        .order_by(_RECORDS.c.person_id, _RECORDS.c.manager_index.is_(None), *rank_in_sql(reading.lifecycle_source_id))
        .subquery()
    )
    manager = sa.case((said.c.manager_id != said.c.person_id, said.c.manager_id))  # nobody is their own
    differs = (_PEOPLE.c.id == said.c.person_id) & _PEOPLE.c.manager_id.is_distinct_from(manager)
    return db.run(
        sa.update(Person).values(manager_id=manager, changed_at=reading.at).where(differs, ~_PEOPLE.c.is_manual)
    )


_NEW_PERSON_COLUMNS = (
    *_PERSON_COLUMNS,
    *(_PEOPLE.c[name] for name in ("created_at", "manager_id", "status", "status_from", "leaving_date", "left_at")),
)


def _write_people(db: Db, reading: Reading, joined: Joined) -> None:
    facets = facet_ids(db, [one.facts for several in joined.by_person.values() for one in several])
    records = {one.row.source_index: one.person_id for one in joined.read}
    day = today(db)
    emails: list[tuple[bytes, UUID, bool]] = []

    def written(person_id: UUID, said: Sequence[Said]) -> tuple[Any, ...]:
        blended = blend(said, partial(joined.addresses.is_borne_by, person_id))
        emails.extend(_email_rows(joined, person_id, blended.facts))
        return person_id, *blended.plain(facets), reading.at, db.seal(Person, person_id, blended.facts)

    def made(person_id: UUID, said: Sequence[Said]) -> tuple[Any, ...]:
        boss = next((one.row.manager_index for one in said if one.row.manager_index), None)
        manager = records.get(boss) or joined.addresses.bearer(boss)
        manager = manager if manager != person_id and manager in joined.by_person else None
        return *written(person_id, said), reading.at, manager, *_expected(reading, said[0].row, day)

    # The server writes what it has while the next are sealed here.
    new = (made(person_id, said) for person_id, said in joined.by_person.items() if person_id in joined.created)
    bulk.copy(db, _NEW_PERSON_COLUMNS, new)
    known = [(person_id, said) for person_id, said in joined.by_person.items() if person_id not in joined.created]
    changed = [written(person_id, said) for person_id, said in known]
    _change(db, Person, _PERSON_COLUMNS, changed)
    _write_emails(db, emails, [person_id for person_id, _ in known])


def _expected(reading: Reading, row: Any, day: date) -> tuple[str, str, date | None, datetime | None]:
    """status, status_from, leaving_date and left_at as the lifecycle will decide for somebody with one record.

    It saves writing everybody twice; the lifecycle has the last word. After a first reading it is to notice who joins.
    """
    if not reading.is_first:
        return "unknown", "records", None, None
    if reading.connection_id != reading.lifecycle_source_id:
        return ("active" if row.status == "active" else "unknown"), "records", row.leaving_date, None
    status = row.status if row.leaving_date is None else "left" if row.leaving_date < day else "active"
    return status, "lifecycle", row.leaving_date, reading.at if status == "left" else None


def _email_rows(joined: Joined, person_id: UUID, facts: PersonFacts) -> list[tuple[bytes, UUID, bool]]:
    borne = (facts.email, *facts.aliases) if facts.email else facts.aliases
    return [(joined.addresses.index(address), person_id, address == facts.email) for address in borne]


def _write_emails(db: Db, rows: Sequence[tuple[bytes, UUID, bool]], people: Sequence[UUID]) -> None:
    """Give people exactly these addresses; ``people`` are those who may have had others before."""
    given = bulk.values(db, tuple(_EMAILS.c), rows)
    kept = sa.exists().where(given.c.email_index == _EMAILS.c.email_index, given.c.person_id == _EMAILS.c.person_id)
    if people:
        db.run(sa.delete(PersonEmail).where(_EMAILS.c.person_id == any_of(people, sa.Uuid), ~kept))
    new = insert(PersonEmail).from_select(list(_EMAILS.c.keys()), sa.select(*given.c))
    ours = _EMAILS.c.person_id == new.excluded.person_id
    db.run(
        new.on_conflict_do_update(
            index_elements=["email_index"],
            set_={"is_primary": new.excluded.is_primary},
            where=ours & (_EMAILS.c.is_primary != new.excluded.is_primary),
        )
    )


def _write_records(db: Db, reading: Reading, joined: Joined) -> None:
    def values(one: Said) -> tuple[Any, ...]:
        row = one.row
        return (
            one.record_id, reading.connection_id, row.source_index, one.person_id, row.type, row.status, row.start_date,
            row.leaving_date, row.manager_index, row.content_mac, reading.at, row.sealed,
        )  # fmt: skip

    bulk.copy(db, _RECORD_COLUMNS, (values(one) for one in joined.read if one.record_id not in joined.known))
    changed = [values(one) for one in joined.read if one.record_id in joined.known]
    _change(db, PersonRecord, _RECORD_COLUMNS, changed, kept={"person_id", "seen_from"}, reopened=True)


def _change(
    db: Db,
    table: type[Person] | type[PersonRecord],
    columns: Sequence[Any],
    rows: Sequence[tuple[Any, ...]],
    *,
    kept: Collection[str] = (),
    reopened: bool = False,
) -> None:
    """Update rows by id, leaving the columns named in ``kept``; ``reopened`` ends their end.

    A person that was typed here is left alone: a hand may have written since the rows were read.
    """
    if not rows:
        return
    given = bulk.values(db, columns, rows)
    values: dict[str, Any] = {
        column.name: given.c[column.name] for column in columns if column.name not in {"id", *kept}
    }
    if reopened:
        values["seen_until"] = None
    may = ~Person.is_manual if table is Person else sa.true()
    db.run(sa.update(table).values(values).where(table.id == given.c.id, may))

"""Reading people: lists, one person, exports; only who the actor may see.

What SQL can answer (ids, statuses, facets, exact addresses) is one statement; what is sealed goes through the roster.
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Invalid, NotFound
from app.core.listing import Keyset, Order, Page, Shape, Sort, narrowed
from app.core.permissions import Rows
from app.core.prepared import MOST_SHAPES, Prepared
from app.people import searching
from app.people.facets import facet_index
from app.people.models import Facet, FacetKind, Person, PersonFacts, PersonMerge
from app.people.records import PERSON_COLUMNS, PersonOut, RecordOut, list_records, opened
from app.people.roster import Roster
from app.people.searching import PeopleFilter, conditions
from app.people.visibility import PEOPLE, visible

__all__ = ["PeopleFilter", "PersonOut", "RecordOut", "list_records", "visible"]

BY_ID = "id"
_p = PEOPLE.c
_f = Facet.__table__.c
_SORTS: Mapping[str, Sort] = {BY_ID: Sort(_p.id, UUID)}
SORTS = (BY_ID, *searching.SORTS)
_PEOPLE = sa.select(*PERSON_COLUMNS)  # made once: it is half the cost of a statement
_BATCH = 500
_EVERYBODY = sys.maxsize


def list_people(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter, order: Order) -> Page[PersonOut]:
    """One page of people: by id straight from SQL, otherwise through the roster, then with the total.

    Refuses (``Invalid``) an unknown sort, a foreign cursor, and words sorted by id.
    """
    if order.key == BY_ID and wanted.is_sealed:
        raise Invalid.field("sort", f"A search is sorted by one of: {', '.join(searching.SORTS)}.")
    if order.key != BY_ID:
        return searching.search(db, actor, roster, wanted, order).map(lambda ids: _by_ids(db, actor, roster, ids))
    keyset = Keyset.of(db, _SORTS, order)
    values = searching.asked(db, actor, wanted)
    found = _page(actor.rows, tuple(values), keyset.shape).rows(db, {**values, **keyset.values})
    return keyset.page(db, found, key=_p.id).map(lambda rows: [opened(db, roster.facets, row) for row in rows])


def each_person(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter, sort: str) -> Iterator[Sequence[PersonOut]]:
    """All people that match, in batches: only their ids are held at once. Refuses like ``list_people``."""
    ids = searching.search(db, actor, roster, wanted, Order(sort, None, _EVERYBODY)).rows
    for begin in range(0, len(ids), _BATCH):
        yield _by_ids(db, actor, roster, ids[begin : begin + _BATCH])


def get_person(db: Db, actor: Actor, roster: Roster, person_id: UUID) -> PersonOut:
    """One person. Refuses (``NotFound``) who the actor may not see."""
    values = searching.asked(db, actor, PeopleFilter())
    row = _one(actor.rows, tuple(values)).row(db, {**values, "id": person_id})
    if row is None:
        raise NotFound("There is no such person.")
    return opened(db, roster.facets, row)


def get_to_change(db: Db, actor: Actor, person_id: UUID) -> Person:
    """One person, locked, to be changed. Refuses (``NotFound``) who the actor may not see."""
    statement = sa.select(Person).where(_p.id == person_id, visible(actor)).with_for_update()
    person = db.session.scalars(statement).one_or_none()
    if person is None:
        raise NotFound("There is no such person.")
    return person


def list_reports(db: Db, actor: Actor, roster: Roster, person_id: UUID) -> list[PersonOut]:
    """The people whose manager this is, of those the actor sees, by name; those who left are left out."""
    mine = [_p.manager_id == person_id, _p.status != "left", visible(actor)]
    found = [opened(db, roster.facets, row) for row in db.rows(_PEOPLE.where(*mine).limit(_BATCH))]
    return sorted(found, key=lambda person: person.display_name.casefold())


def names_and_addresses(db: Db, person_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """What people are called and their e-mail address. Not cut to what an actor may see."""
    if not person_ids:
        return {}
    among: Any = sa.any_(sa.cast(list(person_ids), sa.ARRAY(sa.Uuid)))
    found = {
        row.id: db.open(PersonFacts, Person, row.id, row.sealed)
        for row in db.rows(sa.select(_p.id, _p.sealed).where(_p.id == among))
    }
    return {person_id: (facts.display_name, facts.email) for person_id, facts in found.items()}


def surviving_id(db: Db, person_id: UUID) -> UUID:
    """Who stands for this person today: themselves, or who they were merged into, and so on."""
    while (merged_into := db.value(sa.select(_p.merged_into_id).where(_p.id == person_id))) is not None:
        person_id = merged_into
    return person_id


def list_merges(db: Db, person_id: UUID) -> list[PersonMerge]:
    """The merges into this person that can be undone, newest first."""
    standing = (PersonMerge.kept_id == person_id, PersonMerge.undone_at.is_(None))
    return list(db.session.scalars(sa.select(PersonMerge).where(*standing).order_by(PersonMerge.merged_at.desc())))


def facet_ids(db: Db, kind: FacetKind, names: Sequence[str]) -> tuple[UUID, ...] | None:
    """The ids of the facets with these names; None where none is asked for, so that unknown names match nobody."""
    if not names:
        return None
    indexes = [facet_index(db, kind, name) for name in names]
    return tuple(db.session.scalars(sa.select(_f.id).where(_f.kind == kind, _f.name_index.in_(indexes))))


@lru_cache(maxsize=MOST_SHAPES)
def _page(rows: Rows, names: tuple[str, ...], shape: Shape) -> Prepared:
    return Prepared(narrowed(_PEOPLE.where(*conditions(rows, names)), _SORTS, shape, key=_p.id))


@lru_cache(maxsize=MOST_SHAPES)
def _one(rows: Rows, names: tuple[str, ...]) -> Prepared:
    return Prepared(_PEOPLE.where(_p.id == sa.bindparam("id"), *conditions(rows, names)))


def _by_ids(db: Db, actor: Actor, roster: Roster, ids: Sequence[UUID]) -> list[PersonOut]:
    among: Any = sa.any_(sa.cast(list(ids), sa.ARRAY(sa.Uuid)))
    rows = db.rows(_PEOPLE.where(_p.id == among, visible(actor)))
    found = {row.id: opened(db, roster.facets, row) for row in rows}
    return [found[person_id] for person_id in ids if person_id in found]

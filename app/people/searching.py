"""Searching, filtering, sorting and paging people by what is sealed, through the roster; only who the actor may see.

A cursor names the sort key and id of a row, so that page 1,000 costs what page 1 costs and nobody is shown twice.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Invalid
from app.core.listing import Cursor, Order, Page, read_cursor, write_cursor
from app.core.permissions import Rows
from app.core.prepared import MOST_SHAPES, Prepared
from app.people.emails import email_index
from app.people.facets import FacetName
from app.people.folding import fold
from app.people.models import PersonEmail, PersonStatus, PersonType
from app.people.roster import MAX_KEY, Entry, Roster, Snapshot
from app.people.visibility import PEOPLE, visible_to

SORTS = ("name", "email", "status", "type", "team", "start_date")
BY_NAME = "name"
View = Literal["active", "starting", "leaving", "left", "external", "service", "everyone"]
_p = PEOPLE.c
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which people; everything given must hold.

    ``q`` are words that all must occur in name, e-mail, aliases or employee id, whatever their case and accents. Facets
    are given by id: None is any, an empty tuple is nobody. ``today`` is the organisation's, for the views.
    """

    q: str = ""
    view: View = "everyone"
    today: date = date.min
    statuses: tuple[PersonStatus, ...] = ()
    types: tuple[PersonType, ...] = ()
    team_ids: tuple[UUID, ...] | None = None
    location_ids: tuple[UUID, ...] | None = None
    cost_centre_ids: tuple[UUID, ...] | None = None
    email: str = ""
    updated_since: datetime | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether only the roster can answer it."""
        return bool(self.q.strip()) or self.view != "everyone"


def asked(db: Db, actor: Actor, wanted: PeopleFilter) -> dict[str, Any]:
    """What SQL is asked for, by the names of ``conditions``: the filter but for its words and view, and who asks."""
    given = {
        "statuses": list(wanted.statuses) or None,
        "types": list(wanted.types) or None,
        "team_ids": None if wanted.team_ids is None else list(wanted.team_ids),
        "location_ids": None if wanted.location_ids is None else list(wanted.location_ids),
        "cost_centre_ids": None if wanted.cost_centre_ids is None else list(wanted.cost_centre_ids),
        "email_index": email_index(db, wanted.email) if wanted.email else None,
        "updated_since": wanted.updated_since,
        "me": actor.person_id if actor.rows != Rows.ALL else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def conditions(rows: Rows, names: Collection[str]) -> list[sa.ColumnElement[bool]]:
    """What SQL asks of a person for values under these names, given by whoever sees ``rows``."""
    me = sa.bindparam("me", type_=sa.Uuid) if "me" in names else None
    return [visible_to(rows, me), *(condition for name, condition in _CONDITIONS.items() if name in names)]


def _among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(column.type)))


_CONDITIONS: Mapping[str, sa.ColumnElement[bool]] = {
    "statuses": _among(_p.status, "statuses"),
    "types": _among(_p.type, "types"),
    "team_ids": _among(_p.team_id, "team_ids"),
    "location_ids": _among(_p.location_id, "location_ids"),
    "cost_centre_ids": _among(_p.cost_centre_id, "cost_centre_ids"),
    "email_index": _p.id
    == sa.select(PersonEmail.person_id).where(PersonEmail.email_index == sa.bindparam("email_index")).scalar_subquery(),
    "updated_since": _p.changed_at >= sa.bindparam("updated_since", type_=sa.DateTime(timezone=True)),
}


@lru_cache(maxsize=MOST_SHAPES)
def _ids(rows: Rows, names: tuple[str, ...]) -> Prepared:
    return Prepared(sa.select(_p.id).where(*conditions(rows, names)))


def search(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter, order: Order) -> Page[UUID]:
    """One page of ids in the order asked for, with the total. Refuses (``Invalid``) an unknown sort or foreign cursor."""
    if order.key not in SORTS:
        raise Invalid.field("sort", f"Sort by one of: {', '.join(SORTS)}.")
    cursor = read_cursor(db.keys, order.cursor, order.sort) if order.cursor else None
    key = _key(db, roster, order.key)
    matches = _matching(db, actor, roster, wanted, order.key)
    begin, end = _window(matches, key, order, cursor)
    page = list(matches[begin:end])
    before, after = begin > 0, end < len(matches)
    if order.descending:
        page.reverse()
        before, after = after, before

    def at(entry: Entry, *, back: bool) -> str:
        return write_cursor(db.keys, Cursor(order.sort, key(entry), str(entry.id), back))

    return Page(
        [entry.id for entry in page],
        at(page[-1], back=False) if page and after else None,
        at(page[0], back=True) if page and before else None,
        len(matches),
    )


def count(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter) -> int:
    """How many people match."""
    return len(_matching(db, actor, roster, wanted, BY_NAME))


def facets_in_use(db: Db, actor: Actor, roster: Roster) -> Mapping[str, Sequence[FacetName]]:
    """The teams, locations and cost centres of the people whom the actor sees, each by name."""

    def find(everyone: Sequence[Entry]) -> Mapping[str, Sequence[FacetName]]:
        return {
            "team": roster.facets.among(db, {entry.team_id for entry in everyone}),
            "location": roster.facets.among(db, {entry.location_id for entry in everyone}),
            "cost_centre": roster.facets.among(db, {entry.cost_centre_id for entry in everyone}),
        }

    return _of_everyone(db, actor, roster, "facets", find)


def count_views(db: Db, actor: Actor, roster: Roster, today: date) -> Mapping[View, int]:
    """How many people each view holds."""

    def find(everyone: Sequence[Entry]) -> Mapping[View, int]:
        return {view: sum(holds(entry, today) for entry in everyone) for view, holds in VIEWS.items()}

    return _of_everyone(db, actor, roster, ("views", today), find)


def find_by_words(db: Db, actor: Actor, roster: Roster, q: str, limit: int) -> list[Entry]:
    """The best few for what is being typed: names that begin with it, then words that do, then the rest."""
    words = fold(q.strip())
    matches = _matching(db, actor, roster, PeopleFilter(q=q), BY_NAME)

    def rank(entry: Entry) -> int:
        return (
            0 if entry.text.startswith(words) else 1 if f" {words}" in entry.text or f"\n{words}" in entry.text else 2
        )

    return sorted(matches, key=rank)[:limit]


def find_named(db: Db, actor: Actor, roster: Roster, typed: str) -> list[Entry]:
    """Who has exactly this name, e-mail address, alias or employee id, in any case."""
    words = fold(typed.strip())
    return [
        entry
        for entry in _matching(db, actor, roster, PeopleFilter(q=typed), BY_NAME)
        if words in entry.text.split("\n")
    ]


def _of_everyone(db: Db, actor: Actor, roster: Roster, key: object, find: Callable[[Sequence[Entry]], T]) -> T:
    """What ``find`` makes of all whom the actor sees; kept as long as nobody changes, for actors who see everybody."""
    if actor.rows != Rows.ALL:
        return find(_matching(db, actor, roster, PeopleFilter(), BY_NAME))
    snapshot = roster.present(db)
    if key not in snapshot.derived:
        snapshot.derived[key] = find(snapshot.entries)
    found: T = snapshot.derived[key]
    return found


def _matching(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter, sort: str) -> Sequence[Entry]:
    snapshot = roster.present(db)
    found = _ordered(db, roster, snapshot, sort)
    if actor.rows != Rows.ALL or wanted.email or wanted.updated_since is not None:
        values = asked(db, actor, wanted)
        ids = {row.id for row in _ids(actor.rows, tuple(values)).rows(db, values)}
        found = [entry for entry in found if entry.id in ids]
    for term in fold(wanted.q).split():
        found = [entry for entry in found if term in entry.text]
    for test in _tests(wanted):
        found = [entry for entry in found if test(entry)]
    return found


def _ordered(db: Db, roster: Roster, snapshot: Snapshot, sort: str) -> Sequence[Entry]:
    if sort == BY_NAME:
        return snapshot.entries
    if sort not in snapshot.derived:
        key = _key(db, roster, sort)
        snapshot.derived[sort] = sorted(snapshot.entries, key=lambda entry: (key(entry), entry.id))
    found: Sequence[Entry] = snapshot.derived[sort]
    return found


def _tests(wanted: PeopleFilter) -> Iterable[Callable[[Entry], bool]]:
    statuses, types = frozenset(wanted.statuses), frozenset(wanted.types)
    if wanted.view != "everyone":
        holds = VIEWS[wanted.view]
        yield lambda entry: holds(entry, wanted.today)
    if statuses:
        yield lambda entry: entry.status in statuses
    if types:
        yield lambda entry: entry.type in types
    if wanted.team_ids is not None:
        teams = frozenset(wanted.team_ids)
        yield lambda entry: entry.team_id in teams
    if wanted.location_ids is not None:
        locations = frozenset(wanted.location_ids)
        yield lambda entry: entry.location_id in locations
    if wanted.cost_centre_ids is not None:
        centres = frozenset(wanted.cost_centre_ids)
        yield lambda entry: entry.cost_centre_id in centres


VIEWS: Mapping[View, Callable[[Entry, date], bool]] = {
    "active": lambda entry, _today: entry.status == "active",
    "starting": lambda entry, today: entry.status != "left" and (entry.start_date or date.min) > today,
    "leaving": lambda entry, today: entry.status != "left" and (entry.leaving_date or date.min) >= today,
    "left": lambda entry, _today: entry.status == "left",
    "external": lambda entry, _today: entry.status != "left" and entry.type in {"contractor", "external"},
    "service": lambda entry, _today: entry.type == "service",
    "everyone": lambda _entry, _today: True,
}


def _key(db: Db, roster: Roster, sort: str) -> Callable[[Entry], str]:
    if sort == "team":
        names = roster.facets.name
        return lambda entry: fold(names(db, entry.team_id))[:MAX_KEY]
    return _KEYS[sort]


_KEYS: Mapping[str, Callable[[Entry], str]] = {
    "name": lambda entry: entry.folded_name,
    "email": lambda entry: entry.folded_email,
    "status": lambda entry: entry.status,
    "type": lambda entry: entry.type,
    "start_date": lambda entry: entry.start_date.isoformat() if entry.start_date else "",
}


def _window(
    matches: Sequence[Entry], key: Callable[[Entry], str], order: Order, cursor: Cursor | None
) -> tuple[int, int]:
    """Where the page lies among ``matches``, which ascend whatever the order asked for."""
    down = order.descending != (cursor is not None and cursor.backwards)
    if cursor is None:
        return (max(0, len(matches) - order.limit), len(matches)) if down else (0, order.limit)
    there = (str(cursor.value), UUID(cursor.id))

    def place(entry: Entry) -> tuple[str, UUID]:
        return key(entry), entry.id

    if down:
        end = bisect_left(matches, there, key=place)
        return max(0, end - order.limit), end
    begin = bisect_right(matches, there, key=place)
    return begin, begin + order.limit

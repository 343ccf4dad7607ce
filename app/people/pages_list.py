"""The list of people: views as questions, filters, search, and the export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast, get_args
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.listing import Order
from app.core.permissions import Permission
from app.organisation.queries import today
from app.people import queries, searching
from app.people.exporting import export
from app.people.models import PersonStatus, PersonType
from app.people.queries import PeopleFilter, PersonOut
from app.people.roster import Roster, roster_of
from app.people.wording import FACETS, STATUSES, TYPES, VIEWS, status_tone, status_word, type_word
from app.web.guards import requires
from app.web.list_view import Filter, ListView
from app.web.list_view import View as ShownView
from app.web.render import render
from app.web.router import Router

router = Router()
SIZE = 50
_MOST_VALUES = 50
Reader = Annotated[Actor, requires(Permission.PEOPLE_READ)]
Sort = Annotated[str, Query(max_length=20)]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person in the list."""

    person: PersonOut
    status: str
    tone: str
    type: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """The list of people. ``is_empty`` where there is nobody at all to see."""

    list: ListView
    rows: Sequence[PersonRow]
    may_write: bool
    may_connect: bool
    is_empty: bool


@router.get("/people", include_in_schema=False)
def people(
    request: Request,
    actor: Reader,
    db: Transaction,
    sort: Sort = searching.BY_NAME,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> HTMLResponse:
    roster = roster_of(request)
    wanted = wanted_from(request, db)
    page = queries.list_people(db, actor, roster, wanted, Order(_sealed(sort), cursor, SIZE))
    counts = searching.count_views(db, actor, roster, wanted.today)
    shown = ListView(
        path="/people",
        params=tuple(request.query_params.multi_items()),
        noun="people",
        sort=sort,
        page=page,
        views=tuple(ShownView(key, VIEWS[key], counts[key]) for key in get_args(searching.View)),
        filters=tuple(_filters(db, actor, roster)),
        search="Filter by name, e-mail or employee id",
        size=SIZE,
    )
    rows = [
        PersonRow(each, status_word(each.status), status_tone(each.status), type_word(each.type)) for each in page.rows
    ]
    context = PeoplePage(
        shown, rows, actor.may(Permission.PEOPLE_WRITE), actor.may(Permission.CONNECTIONS_WRITE), not counts["everyone"]
    )
    return render(request, "people/list.html", context, block="listing")


@router.get("/people.csv", include_in_schema=False)
def people_file(request: Request, actor: Reader, db: Transaction, sort: Sort = searching.BY_NAME) -> Response:
    wanted = wanted_from(request, db)
    words = _words(db, actor, roster_of(request), wanted)
    return export(request, db, actor, wanted, sort=_sealed(sort), words=words)


def wanted_from(request: Request, db: Db) -> PeopleFilter:
    """What the address asks for; a choice that does not exist matches nobody, an unknown view is the first."""
    asked = request.query_params
    view = asked.get("view", "")
    return PeopleFilter(
        q=asked.get("q", "")[:200],
        view=cast("searching.View", view if view in VIEWS else "active"),
        today=today(db),
        statuses=cast("tuple[PersonStatus, ...]", _values(request, "status")),
        types=cast("tuple[PersonType, ...]", _values(request, "type")),
        **{f"{kind}_ids": _ids(_values(request, kind)) for kind in FACETS},  # type: ignore[arg-type] # three of these fields
    )


def _sealed(sort: str) -> str:
    """The sort, where lists by id are the API's alone."""
    return sort if sort.removeprefix("-") != queries.BY_ID else searching.BY_NAME


def _values(request: Request, key: str) -> tuple[str, ...]:
    return tuple(request.query_params.getlist(key))[:_MOST_VALUES]


def _ids(values: Sequence[str]) -> tuple[UUID, ...] | None:
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return tuple(found) if values else None


def _filters(db: Db, actor: Actor, roster: Roster) -> Sequence[Filter]:
    used = searching.facets_in_use(db, actor, roster)
    found = [Filter("status", "Status", tuple(STATUSES.items())), Filter("type", "Type", tuple(TYPES.items()))]
    for kind, label in FACETS.items():
        choices = tuple((str(facet.id), facet.name) for facet in used[kind])
        if choices:
            found.append(Filter(kind, label, choices))
    return found


def _words(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter) -> str:
    """The filter as a sentence; what the actor sees nobody in is "none" to them."""
    used = searching.facets_in_use(db, actor, roster)
    names = {kind: {facet.id: facet.name for facet in used[kind]} for kind in FACETS}
    named: Mapping[str, Sequence[str]] = {
        label: [names[kind].get(facet_id, "none") for facet_id in getattr(wanted, f"{kind}_ids") or ()]
        for kind, label in FACETS.items()
    }
    parts: list[tuple[str, Any]] = [
        ("view", VIEWS[wanted.view]),
        ("search", wanted.q.strip()),
        ("status", ", ".join(map(status_word, wanted.statuses))),
        ("type", ", ".join(map(type_word, wanted.types))),
        *((label.lower(), ", ".join(names)) for label, names in named.items()),
    ]
    return "; ".join(f"{name} {value}" for name, value in parts if value)

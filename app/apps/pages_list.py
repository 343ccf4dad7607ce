"""The list of apps: views as questions, filters, what can be done to many at once, and the export."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.apps import actions, queries
from app.apps.exporting import export
from app.apps.inputs import BulkForm
from app.apps.models import App
from app.apps.numbers import AppNumbers, numbers_of
from app.apps.owners import require_owner
from app.apps.queries import AppFilter
from app.apps.records import AppOut
from app.apps.wording import STATUS_CHOICES, source_word, status_tone, status_word
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, Invalid
from app.core.listing import Order
from app.core.permissions import Permission
from app.people.roster import roster_of
from app.web import flash
from app.web.filters import counted
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.list_view import Filter, ListView, View
from app.web.render import render
from app.web.router import Router
from app.web.safe_path import same_site_path

router = Router()
SIZE = 50
MOST_AT_ONCE = 2000
LABELS = {
    "all": "All apps",
    "triage": "To triage",
    "managed": "Managed",
    "no-owner": "No owner",
    "plan-to-close": "Plan to close",
    "closed": "Closed & ignored",
}
Reader = Annotated[Actor, requires(Permission.APPS_READ)]
Writer = Annotated[Actor, requires(Permission.APPS_WRITE)]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app in the list. ``numbers`` is None where no source has told of accounts."""

    app: AppOut
    status: str
    tone: str
    source: str
    numbers: AppNumbers | None


@dataclass(frozen=True, slots=True)
class AppsPage:
    """The list of apps."""

    list: ListView
    rows: Sequence[AppRow]
    may_write: bool
    statuses: tuple[tuple[str, str], ...] = STATUS_CHOICES


@router.get("/apps", include_in_schema=False)
def apps(
    request: Request,
    actor: Reader,
    db: Transaction,
    sort: Annotated[str, Query(max_length=20)] = queries.BY_NAME,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> HTMLResponse:
    params = tuple(request.query_params.multi_items())
    wanted, numbers = wanted_from(params), numbers_of(request)
    page = queries.list_apps(db, actor, wanted, Order(sort, cursor, SIZE), further=numbers.sorts(actor))
    counts = queries.count_views(db, actor)
    is_plain = wanted == AppFilter(view=wanted.view)
    total = counts[wanted.view] if is_plain else queries.count_apps(db, actor, wanted)
    shown = ListView(
        path="/apps",
        params=params,
        noun="apps",
        sort=sort,
        page=replace(page, total=total),
        views=tuple(View(key, label, counts[key]) for key, label in LABELS.items()),
        filters=_filters(db, actor),
        search="Filter by name or vendor",
        size=SIZE,
    )
    known = numbers.count(db, actor, [app.id for app in page.rows])
    rows = [_row(app, known.get(app.id)) for app in page.rows]
    return render(request, "apps/list.html", AppsPage(shown, rows, actor.may(Permission.APPS_WRITE)), block="listing")


@router.get("/apps.csv", include_in_schema=False)
def apps_file(
    request: Request,
    actor: Reader,
    db: Transaction,
    sort: Annotated[str, Query(max_length=20)] = queries.BY_NAME,
) -> Response:
    params = tuple(request.query_params.multi_items())
    return export(request, db, actor, wanted_from(params), sort=sort, described=_described(params))


@router.post("/apps/bulk/status", include_in_schema=False)
def set_status(
    sent: Annotated[Submitted[BulkForm], Depends(form(BulkForm))], actor: Writer, db: Transaction
) -> Response:
    asked = sent.valid()
    if asked.status is None:
        raise Invalid.field("status", "Choose a status.")
    changed = actions.set_status(db, actor, _chosen(db, actor, asked), status=asked.status)
    return _back(asked, f"{counted(changed, 'app', 'apps')} set to {status_word(asked.status)}.")


@router.post("/apps/bulk/owner", include_in_schema=False)
def assign_owner(
    sent: Annotated[Submitted[BulkForm], Depends(form(BulkForm))],
    request: Request,
    actor: Writer,
    db: Transaction,
) -> Response:
    asked = sent.valid()
    owner = require_owner(db, actor, roster_of(request), asked.owner) if asked.owner else None
    changed = actions.assign_owner(db, actor, _chosen(db, actor, asked), owner=owner)
    done = f"given to {owner.name}" if owner else "left without an owner"
    return _back(asked, f"{counted(changed, 'app', 'apps')} {done}.")


def wanted_from(params: Pairs) -> AppFilter:
    """The question that a list's address asks. Whatever a view or filter does not know matches nothing or is the first."""

    def every(key: str) -> tuple[str, ...]:
        return tuple(value[:200] for name, value in params if name == key)[:20]

    view = next(iter(every("view")), "all")
    return AppFilter(
        view=view if view in queries.VIEWS else "all",
        q=next(iter(every("q")), "").strip(),
        statuses=every("status"),
        categories=every("category"),
        sources=every("source"),
    )


def _chosen(db: Db, actor: Actor, asked: BulkForm) -> list[App]:
    """The apps of a bulk act: those ticked, or all that match as long as they are still as many as were seen."""
    if asked.matching is None:
        ids = list(asked.id)
    else:
        ids = queries.ids_of(db, actor, wanted_from(parse_qsl(asked.matching)))
        if len(ids) != asked.count:
            raise Conflict(f"The list has changed: it now holds {counted(len(ids), 'app', 'apps')}. Select again.")
    if not ids:
        raise Invalid.field("id", "Select at least one app.")
    if len(ids) > MOST_AT_ONCE:
        raise Invalid.field("id", f"Select at most {MOST_AT_ONCE:,} apps at once.")
    return queries.get_all_to_change(db, actor, ids)


def _back(asked: BulkForm, said: str) -> Response:
    path = same_site_path(asked.back)
    response = RedirectResponse("/apps" if path == "/" else path, 303)
    flash.say(response, said)
    return response


def _filters(db: Db, actor: Actor) -> tuple[Filter, ...]:
    categories = tuple((name, name) for name in queries.list_categories(db, actor))
    sources = tuple((name, source_word(name)) for name in queries.list_sources(db, actor))
    found = (Filter("status", "Status", STATUS_CHOICES), Filter("category", "Category", categories))
    return tuple(each for each in (*found, Filter("source", "Source", sources)) if each.choices)


def _described(params: Pairs) -> str:
    """The filter in words, for the head of an export."""
    words = {"view": LABELS, "status": dict(STATUS_CHOICES)}
    parts = [
        f"{name}: {words.get(name, {}).get(value, value)}"
        for name, value in params
        if name in {"view", "q", "status", "category", "source"} and value
    ]
    return "; ".join(parts or ["view: All apps"])


def _row(app: AppOut, numbers: AppNumbers | None) -> AppRow:
    return AppRow(app, status_word(app.status), status_tone(app.status), source_word(app.source), numbers)

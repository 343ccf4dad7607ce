"""Every component in its states, on pages of their own: what a person looks at, and what the axe tests run on.

Off in production; main mounts it under ``--demo``. The names are invented; nothing is read or written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.core.clock import now
from app.core.errors import FieldError, NotFound
from app.core.listing import Page
from app.web.guards import static_public
from app.web.list_view import Filter, ListView, View
from app.web.problem_page import problem_page
from app.web.render import render
from app.web.router import Router

ROOT = "/dev/components"
LIST = "dev/list.html"
ERRORS = (
    FieldError("email", "Enter an e-mail address, such as ada@example.com"),
    FieldError("status", "Choose a status"),
    FieldError("sources", "Choose at least one source"),
    FieldError("file", "The file is larger than 10 MB"),
)
ZONES = tuple((name, name) for name in ("Europe/Athens", "Europe/London", "Europe/Paris", "Pacific/Auckland", "UTC"))
Anybody = Annotated[None, static_public("invented examples, mounted only under --demo")]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the example list."""

    id: str
    name: str
    email: str
    team: str
    status: str
    tone: str
    accounts: int
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ComponentsPage:
    """What the example pages show."""

    list: ListView
    empty: ListView
    small: ListView
    moment: datetime
    day: date
    errors: tuple[FieldError, ...]
    no_errors: tuple[FieldError, ...]
    zones: tuple[tuple[str, str], ...]
    matrix: tuple[tuple[bool, ...], ...]
    row: Row


def router() -> APIRouter:
    """The routes of the example pages."""
    made = Router(prefix=ROOT, include_in_schema=False)
    made.get("")(components)
    made.get("/{name}")(example)
    return made


def components(request: Request, _: Anybody) -> HTMLResponse:
    """All components on one page."""
    return render(request, "dev/components.html", _page(request))


def example(request: Request, _: Anybody, name: str) -> HTMLResponse:
    """One whole page of a kind: list, record, form, settings, sign-in, wizard, preview, poll, problem."""
    draw = _EXAMPLES.get(name)
    if draw is None:
        raise NotFound("There is no such example.")
    return draw(request)


def _drawn(template: str, *, status: int = 200) -> Callable[[Request], HTMLResponse]:
    def draw(request: Request) -> HTMLResponse:
        return render(request, template, _page(request), status=status, block="listing" if template == LIST else None)

    return draw


_EXAMPLES: dict[str, Callable[[Request], HTMLResponse]] = {
    "list": _drawn(LIST),
    "record": _drawn("dev/record.html"),
    "form": _drawn("dev/form.html", status=422),
    "settings": _drawn("dev/settings.html"),
    "sign-in": _drawn("dev/sign_in.html"),
    "wizard": _drawn("dev/wizard.html"),
    "preview": _drawn("dev/preview.html"),
    "poll": _drawn("dev/poll.html"),
    "problem": lambda request: problem_page(request, 500, error_id="0198c1d2"),
}


def _page(request: Request) -> ComponentsPage:
    moment = now() - timedelta(hours=3)
    rows = _rows(moment)
    term = request.query_params.get("q", "").casefold()
    matching = tuple(row for row in rows if term in row.name.casefold())
    return ComponentsPage(
        list=_list(request, Page(matching, "next", "previous", 420 if matching else 0)),
        empty=_list(request, Page((), total=0), "empty", "apps"),
        small=_list(request, Page(rows[:5], total=5), "small"),
        moment=moment,
        day=moment.date(),
        errors=ERRORS,
        no_errors=(),
        zones=ZONES,
        matrix=tuple(tuple((x * y + x + y) % 3 == 0 for x in range(21)) for y in range(21)),
        row=rows[0],
    )


def _list(request: Request, page: Page[Row], id_: str = "listing", noun: str = "people") -> ListView:
    return ListView(
        path=request.url.path,
        params=tuple(request.query_params.multi_items()) or (("status", "active"),),
        noun=noun,
        sort=request.query_params.get("sort", "name"),
        page=page,
        views=(View("all", "All people", 420), View("left", "Left with access", 11), View("external", "External")),
        filters=(Filter("status", "Status", (("active", "Active"), ("leaving", "Leaving"), ("left", "Left"))),),
        search="Filter by name or e-mail",
        id=id_,
    )


def _rows(moment: datetime) -> tuple[Row, ...]:
    names = (
        "Ada Byron",
        "Ben Okafor",
        "Chloé Novák",
        "Dmitri Ivanov",
        "Elena Rossi",
        "Farah Haddad",
        "Gil <b>Bold</b>",
    )
    states = (("Active", "ok"), ("Leaving", "warn"), ("Left", "bad"), ("Starting", "info"), ("External", "mute"))
    return tuple(
        Row(
            id=f"{number}",
            name=names[number % len(names)],
            email=f"{names[number % len(names)].split()[0].lower()}.{number}@marlowfinch.example",
            team=("Engineering", "Customer success", "Finance")[number % 3],
            status=states[number % 5][0],
            tone=states[number % 5][1],
            accounts=number * 37,
            seen_at=None if number % 4 == 3 else moment - timedelta(days=number),  # noqa: PLR2004 - some were never seen
        )
        for number in range(30)
    )

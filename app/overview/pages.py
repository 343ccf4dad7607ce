"""The first page: what needs a decision, what there is, and, before there is anything, how to begin."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.permissions import Permission
from app.organisation.queries import get_organisation
from app.overview.queries import Figures, get_figures
from app.web.guards import requires
from app.web.panels import ShownCard, panels_of
from app.web.render import render
from app.web.router import Router
from app.web.sources import Source, sources_of

router = Router()
_SHOWN = 8
_WELL = frozenset({"Fresh", "Paused"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the beginning."""

    title: str
    text: str
    href: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The first page. ``steps`` is empty once everything is in place.

    ``sources`` are the first of those that may be seen, in need of somebody before well; ``more_sources`` counts the rest.
    """

    figures: Figures
    cards: tuple[ShownCard, ...]
    steps: tuple[Step, ...]
    sources: tuple[Source, ...]
    more_sources: int


@router.get("/", include_in_schema=False)
def overview(request: Request, actor: Annotated[Actor, requires(Permission.SELF)], db: Transaction) -> Response:
    if not actor.may(Permission.OVERVIEW_READ):
        return RedirectResponse(f"/people/{actor.person_id}" if actor.person_id else "/apps", 303)
    figures = get_figures(db, actor)
    sources = tuple(sources_of(request, db).values()) if actor.may(Permission.CONNECTIONS_READ) else ()
    has_lifecycle = get_organisation(db).lifecycle_source_id is not None
    steps = _steps(figures, sources, has_lifecycle=has_lifecycle) if actor.may(Permission.CONNECTIONS_WRITE) else ()
    cards = panels_of(request).cards("overview", db, actor)
    return _draw(
        request, OverviewPage(figures, cards, steps, _worst_first(sources)[:_SHOWN], max(0, len(sources) - _SHOWN))
    )


def _draw(request: Request, page: OverviewPage) -> HTMLResponse:
    return render(request, "overview/overview.html", page)


def _worst_first(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    return tuple(sorted(sources, key=lambda source: source.state in _WELL))


def _steps(figures: Figures, sources: tuple[Source, ...], *, has_lifecycle: bool) -> tuple[Step, ...]:
    deciding = f"/integrations/{sources[0].id}" if len(sources) == 1 else "/integrations"
    steps = (
        Step("Connect a directory", "Or import a spreadsheet: names come from here.", "/integrations", bool(sources)),
        Step("Say who decides who has left", "One source is believed about leavers.", deciding, has_lifecycle),
        Step("List your apps", "Import the register, or add apps by hand.", "/apps", figures.apps > 0),
        Step("Bring in accounts", "Sync or import who has an account where.", "/integrations", figures.accounts > 0),
    )  # fmt: skip
    return () if all(step.is_done for step in steps) else steps

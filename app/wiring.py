"""What the rooms are made of, in one place: their routes, and what they offer each other upwards.

Tabs, cards, palette entries, sources and numbers travel up through this file, so that no room imports a room above it.
"""

from uuid import UUID

from fastapi import APIRouter, FastAPI

from app.access import api as access_api
from app.access import pages as access_pages
from app.access import panels as access_panels
from app.access.numbers import APP_NUMBERS
from app.apps import api as apps_api
from app.apps import pages as apps_pages
from app.apps import panels as apps_panels
from app.connections import api as connections_api
from app.connections import pages as connections_pages
from app.connections.sources import list_sources
from app.core.database import Db
from app.login import api as login_api
from app.login import pages as login_pages
from app.login.identify import identify
from app.organisation import pages as organisation_pages
from app.overview import pages as overview_pages
from app.people import api as people_api
from app.people import pages as people_pages
from app.people import panels as people_panels
from app.people.emails import resolve_by_emails
from app.people.roster import Roster
from app.trail import api as trail_api
from app.trail import pages as trail_pages
from app.web import api_reference, components_page, health, palette, theme
from app.web.panels import Panels

ROUTERS: tuple[APIRouter, ...] = (
    # Routes are tried in this order: what programs ask for most comes first.
    people_api.router, access_api.router, apps_api.router, connections_api.router, trail_api.router, login_api.router,
    health.router, theme.router, palette.router, api_reference.router, overview_pages.router,
    login_pages.router, organisation_pages.router, people_pages.router, trail_pages.router, apps_pages.router,
    access_pages.router, connections_pages.router,
)  # fmt: skip
LARGER_BODIES = {"/integrations/import": 50 * 1024 * 1024}
"""Uploads: the beginning of a path, and the bytes it takes."""


def components() -> APIRouter:
    """The page of all components, for a demonstration."""
    return components_page.router()


def wire(app: FastAPI) -> None:
    """Put on the application what its rooms offer each other."""
    app.state.identify = identify
    app.state.person_of = _person_of
    app.state.roster = Roster()
    app.state.sources = list_sources
    app.state.app_numbers = APP_NUMBERS
    app.state.panels = Panels(
        (*people_panels.TABS, *apps_panels.TABS, *access_panels.TABS),
        access_panels.CARDS,
    )
    app.state.palette = (people_panels.PALETTE, apps_panels.PALETTE, access_panels.PALETTE)


def _person_of(db: Db, address: str) -> UUID | None:
    """The person who bears an address: whom a new user is."""
    return next(iter(resolve_by_emails(db, [address]).values()), None)

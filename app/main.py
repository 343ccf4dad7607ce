"""Builds the web application over one database.

``describe`` makes the routes without touching anything, for the API's description and for the test that walks every route.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from app import wiring
from app.core import logs
from app.core.opening import PATIENCE, open_database
from app.core.readiness import Readiness
from app.core.settings import Settings
from app.core.version import VERSION
from app.surroundings import Surroundings
from app.web import api_description, problems
from app.web.stack import middleware
from app.web.static_files import PREFIX, static_files
from migrations.run import head


def describe(stack: Sequence[Middleware] = ()) -> FastAPI:
    """The application with every route and nothing behind it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.database.close()

    app = FastAPI(
        title="Stackwarden",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        middleware=list(stack),
    )
    for router in wiring.ROUTERS:
        app.include_router(router)
    app.mount(PREFIX, static_files())
    problems.install(app)
    api_description.complete(app)
    return app


def create_app(settings: Settings) -> FastAPI:
    """The whole application over the database at ``settings.database_url``. Refuses with ``StartRefused``."""
    logs.configure(settings)
    database = open_database(settings, patience=PATIENCE)
    app = describe(middleware(settings, wiring.LARGER_BODIES))
    if settings.demo:
        app.include_router(wiring.components())
    app.state.settings = settings
    app.state.database = database
    app.state.readiness = Readiness(settings, database, head())
    app.state.shell = Surroundings(settings, database)
    wiring.wire(app)
    return app

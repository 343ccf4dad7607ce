"""A small application with people, apps and access, in which a header says who is asking: fixtures for these rooms."""

from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

import app.access.api
import app.access.pages
import app.access.panels
import app.apps.api
import app.apps.pages
import app.apps.panels
import app.people.api
import app.people.pages
import app.people.panels
from app.access.numbers import APP_NUMBERS
from app.core.actor import Actor
from app.core.database import Database, Db
from app.core.permissions import permissions_of, rows_of
from app.core.settings import Settings
from app.people.roster import Roster
from app.web import palette, problems
from app.web.body_limit import BodyLimit
from app.web.panels import Panels
from app.web.request_id import RequestId
from app.web.shell import Surroundings
from app.web.sources import Source
from hatch_build import build
from tests.builders import CONNECTION

USER = UUID("00000000-0000-7000-8000-00000000aaaa")
Asking = Callable[..., TestClient]
ROOMS = (app.people, app.apps, app.access)


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """The front end as the sources are now: pages name its files and icons."""
    build()


def actor_of(role: str, person_id: UUID | None = None) -> Actor:
    """A user with one role and, where given, the person behind them."""
    roles = (role,)
    return Actor(
        "user", f"{role}@example.com", id=USER, user_id=USER, person_id=person_id, roles=roles,
        permissions=permissions_of(roles), rows=rows_of(roles), request_id="test",
    )  # fmt: skip


def _identify(request: Request, _: Db) -> Actor:
    role, person = request.headers.get("x-role"), request.headers.get("x-person")
    return actor_of(role, UUID(person) if person else None) if role else Actor("anonymous", "")


@pytest.fixture
def sources() -> list[Source]:
    """The connections that the application knows; a test adds its own."""
    return [Source(CONNECTION, "Test directory", None, "healthy")]


@pytest.fixture
def application(database: Database, tmp_path: Path, sources: list[Source]) -> FastAPI:
    """The rooms of people, apps and access."""
    made = FastAPI()
    made.state.settings = Settings(data_dir=tmp_path / "data", key_file=tmp_path / "key")
    made.state.database = database
    made.state.identify = _identify
    made.state.roster = Roster()
    made.state.sources = lambda db: sources
    made.state.app_numbers = APP_NUMBERS
    made.state.panels = Panels([tab for room in ROOMS for tab in room.panels.TABS], app.access.panels.CARDS)
    made.state.palette = [room.panels.PALETTE for room in ROOMS]
    made.state.shell = lambda request: Surroundings("0.1.0", "Marlow & Finch", UTC, "")
    made.include_router(palette.router)
    for room in ROOMS:
        made.include_router(room.api.router)
        made.include_router(room.pages.router)
    problems.install(made)
    made.add_middleware(BodyLimit)
    made.add_middleware(RequestId)
    return made


@pytest.fixture
def asking(application: FastAPI) -> Iterator[Asking]:
    """``asking("employee", person_id)`` is a client whose requests come from such a user."""
    clients = []

    def ask(role: str = "administrator", person_id: UUID | None = None) -> TestClient:
        headers = {"accept": "text/html", "x-role": role} if role else {"accept": "text/html"}
        if person_id:
            headers["x-person"] = str(person_id)
        client = TestClient(application, headers=headers, raise_server_exceptions=False, follow_redirects=False)
        clients.append(client)
        return client

    yield ask
    for client in clients:
        client.close()

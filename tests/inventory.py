"""A small application with people, apps and access, in which a header says who is asking: fixtures for these rooms."""

from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
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
from app.access.models import Account, AccountState, Entitlement, Grant
from app.access.numbers import APP_NUMBERS
from app.apps.models import App, AppMerge
from app.core.actor import Actor
from app.core.audit import EventFacts, EventRow
from app.core.database import Database, Db
from app.core.permissions import permissions_of, rows_of
from app.core.settings import Settings
from app.people.models import Facet, Person, PersonEmail
from app.people.roster import Roster
from app.web import palette, problems
from app.web.body_limit import BodyLimit
from app.web.panels import Panels
from app.web.request_id import RequestId
from app.web.shell import Surroundings
from app.web.sources import Source
from app.web.static_files import PREFIX, static_files
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
    made.mount(PREFIX, static_files())
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


# attacks.md 2.5: what a plain stack answers with 5xx, or stores.
BAD_TEXTS = ["\x00", "a\x00b", "\x1b[31m", "x" * 501, "x" * 100_000, 5, 1.5, True, ["x"], {"x": 1}]
BAD_BODIES: list[str] = [
    "", "null", "[]", '"x"', "5", "{", '{"%s": "\\ud800"}', '{"%s": NaN}', '{"%s": 1e400}', '{"%s": 9223372036854775808}',
    '{"%s": "A", "is_admin": true}', '{"%s": "A", "id": "x"}', '{"%s": "A", "merged_into_id": null}',
    '{"%s": {"$ne": ""}}', "[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000,
]  # fmt: skip
SCRIPT = "<script>alert('1')</script> O'Brien & Söhne"


def events(db: Db) -> list[tuple[str, EventFacts]]:
    """What is in the trail: each action with its opened facts, oldest first."""
    rows = db.rows(sa.select(EventRow.__table__).order_by(EventRow.at, EventRow.id))
    return [(row.action, db.open(EventFacts, EventRow, row.id, row.sealed)) for row in rows]


def last_event(database: Database) -> tuple[str, EventFacts]:
    """The newest entry of the trail."""
    with database.transaction() as db:
        return events(db)[-1]


def stored(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the tables of these rooms and the trail, to see that nothing changed."""
    tables = (Person, PersonEmail, Facet, App, AppMerge, Account, AccountState, Entitlement, Grant, EventRow)
    with database.transaction() as db:
        found = {table.__tablename__: db.rows(sa.select(table.__table__)) for table in tables}
    return {name: sorted(map(tuple, rows), key=repr) for name, rows in found.items()}

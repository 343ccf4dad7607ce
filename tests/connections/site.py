"""The pages and routes of connections, over the rooms they need, in which a header says who is asking."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app.connections import api, pages
from app.connections.sources import list_sources
from app.core import clock
from app.core.actor import Actor
from app.core.database import Database, Db
from app.core.permissions import permissions_of, rows_of
from app.core.settings import Settings
from app.people.roster import Roster
from app.web import problems
from app.web.body_limit import BodyLimit
from app.web.panels import Panels
from app.web.request_id import RequestId
from app.web.shell import Surroundings
from app.web.static_files import PREFIX, static_files
from app.wiring import LARGER_BODIES
from tests.inventory import front_end

__all__ = ["Asking", "application", "asking", "front_end"]
USER = UUID("00000000-0000-7000-8000-00000000aaaa")
Asking = Callable[..., TestClient]


def _identify(request: Request, _: Db) -> Actor:
    role = request.headers.get("x-role")
    if not role:
        return Actor("anonymous", "")
    age = timedelta(minutes=float(request.headers.get("x-minutes-since-code", "1")))
    return Actor(
        "user", f"{role}@example.com", id=USER, user_id=USER, roles=(role,), permissions=permissions_of((role,)),
        rows=rows_of((role,)), fresh_at=clock.now() - age, request_id="test",
    )  # fmt: skip


@pytest.fixture
def application(database: Database, tmp_path: Path) -> FastAPI:
    """The room of connections."""
    made = FastAPI()
    made.state.settings = Settings(data_dir=tmp_path / "data", key_file=tmp_path / "key")
    made.state.database = database
    made.state.identify = _identify
    made.state.roster = Roster()
    made.state.sources = list_sources
    made.state.panels = Panels((), ())
    made.state.shell = lambda request: Surroundings("0.1.0")
    made.include_router(pages.router)
    made.include_router(api.router)
    problems.install(made)
    made.mount(PREFIX, static_files())
    made.add_middleware(BodyLimit, larger=LARGER_BODIES)
    made.add_middleware(RequestId)
    return made


@pytest.fixture
def asking(application: FastAPI) -> Iterator[Asking]:
    """``asking("auditor")`` is a client whose requests come from such a user; ``minutes`` is the age of their last code."""
    clients = []

    def ask(role: str = "administrator", *, accept: str = "text/html", minutes: float = 1) -> TestClient:
        headers = {"accept": accept, "x-minutes-since-code": str(minutes)} | ({"x-role": role} if role else {})
        client = TestClient(application, headers=headers, raise_server_exceptions=False, follow_redirects=False)
        clients.append(client)
        return client

    yield ask
    for client in clients:
        client.close()

"""Events over JSON: those of the access log for who may read it, moments as everywhere."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.core import audit
from app.core.audit import Event, Subject
from app.core.database import Database
from app.trail import api
from tests.login.installation import ROOT, Known, make_app, make_user
from tests.login.test_api_keys import key_of, program


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The application with the trail's routes."""
    made = make_app(database)
    made.include_router(api.router)
    return made


@pytest.fixture
def owner(database: Database) -> Known:
    """The owner, with a sign-in and a change in the trail."""
    with database.transaction() as db:
        known = make_user(db)
        for event in (Event.SIGN_IN_ATTEMPT, Event.APP_CHANGED):
            audit.record(db, ROOT, event, Subject("app"))
    return known


def _get(app: FastAPI, key: str, path: str = "", **asked: Any) -> Any:
    client: TestClient = program(app)
    return client.get(f"/api/v1/events{path}", params=asked, headers={"authorization": f"Bearer {key}"})


def test_a_key_without_the_access_log_reads_no_sign_in(app: FastAPI, database: Database, owner: Known) -> None:
    narrow = key_of(database, owner, scopes=("trail:read",))
    wide = key_of(database, owner, scopes=("trail:read", "access_log:read"))
    rows = _get(app, wide).json()["items"]
    (sign_in,) = [row["id"] for row in rows if row["action"] == "login.attempt"]
    assert "login.attempt" not in _get(app, narrow).text
    assert "app.changed" in _get(app, narrow).text
    assert _get(app, narrow, action="login.attempt").json()["items"] == []
    assert _get(app, narrow, f"/{sign_in}").status_code == 404
    assert _get(app, wide, f"/{sign_in}").status_code == 200
    assert _get(app, key_of(database, owner, scopes=("access_log:read",))).status_code == 403


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("value", ["5", "2026-01-01T00:00:00", "9999-01-01T00:00:00Z", "soon"])
def test_a_moment_has_a_time_zone_and_is_no_number(
    app: FastAPI, database: Database, owner: Known, name: str, value: str
) -> None:
    key = key_of(database, owner, scopes=("trail:read",))
    assert _get(app, key, **{name: value}).status_code == 422
    assert _get(app, key, **{name: "2026-01-01T00:00:00+02:00"}).status_code == 200

"""An installation with one owner, and browsers to use it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI

from app.core import clock
from app.core.database import Database
from tests.login.installation import Browser, Known, make_app, make_user


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The application over the test's database."""
    return make_app(database)


@pytest.fixture
def owner(database: Database) -> Known:
    """The owner, with password and authenticator."""
    with database.transaction() as db:
        return make_user(db)


@pytest.fixture
def browser(app: FastAPI) -> Browser:
    """A stranger's browser."""
    return Browser(app)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    yield
    clock.shift(timedelta())

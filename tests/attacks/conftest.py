"""The product under attack: one estate that every refusal leaves as it was, and fresh ones for what changes something."""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

import app.main
from app.core import logs
from hatch_build import build
from tests.attacks.estate import Estate, opened, populate, settings_for
from tests.conftest import TEMPLATE
from tests.postgres import Server

POPULATED = "attacks_template"
FAILURES = {"request.failed", "database.unavailable", "input.reached_the_database", "problem.page_failed"}


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """The front end as the sources are now: pages name its files and icons."""
    build()


@pytest.fixture(autouse=True)
def log() -> Iterator[io.BytesIO]:
    """What the product logs during one test, as in production."""
    structlog.reset_defaults()  # whatever was configured before
    structlog.contextvars.clear_contextvars()
    written = io.BytesIO()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, logs._moment, logs._failure,
            logs._clean, logs._ecs, logs._as_json,
        ],
        logger_factory=lambda *_: logs._Lines(written),
        cache_logger_on_first_use=False,
    )  # fmt: skip
    yield written
    structlog.reset_defaults()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    for line in {_gist(line): None for line in lines if line["message"] in FAILURES}:
        sys.stdout.write(f"{line}\n")


def _gist(line: dict[str, str]) -> str:
    """What failed, and where, innermost last."""
    where = line.get("error.stack_trace", "").splitlines()[-6:]
    return "\n    ".join([f"{line['message']} {line.get('error.type')} {line.get('error.message')}", *where])


@pytest.fixture(scope="session", autouse=True)
def _own_log() -> Iterator[None]:
    """``create_app`` does not take over the logging of the test process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.main, "logs", SimpleNamespace(configure=lambda _settings: None))
        yield


@pytest.fixture(scope="session")
def every(request: pytest.FixtureRequest) -> int:
    """1, with ``--prove``: each field gets every trap. 3: every third, others for the next field. 9: on a second version."""
    if request.config.getoption("--prove"):
        return 1
    return 3 if request.config.getoption("--postgres") == 18 else 9


@pytest.fixture(scope="session")
def populated(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """One that nobody uses: its database is the template of the others, what is known of it is known of them."""
    postgres.create_database(POPULATED, TEMPLATE)
    settings = settings_for(postgres.url("app", POPULATED), tmp_path_factory.mktemp("populated"))
    with opened(settings) as (application, line):
        return populate(Estate(application, line, settings, application.state.database))


@pytest.fixture(scope="session")
def estate(postgres: Server, populated: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """One for all tests of a worker, for what changes nothing that matters to another test."""
    yield from _estate(postgres, populated, "attacks_shared", tmp_path_factory.mktemp("estate"))


@pytest.fixture(scope="session")
def spoiled(postgres: Server, populated: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """One in which anything may have become of anything."""
    yield from _estate(postgres, populated, "attacks_spoiled", tmp_path_factory.mktemp("spoiled"))


@pytest.fixture
def fresh(postgres: Server, populated: Estate, tmp_path: Path) -> Iterator[Estate]:
    """One of its own, for a test that changes things."""
    yield from _estate(postgres, populated, "attacks_fresh", tmp_path)


def _estate(postgres: Server, populated: Estate, name: str, folder: Path) -> Iterator[Estate]:
    postgres.create_database(name, POPULATED)
    settings = settings_for(postgres.url("app", name), folder)
    with opened(settings) as (application, line):
        known = {role: replace(user) for role, user in populated.known.items()}
        ids, foreign = dict(populated.ids), dict(populated.foreign)
        yield Estate(application, line, settings, application.state.database, known, ids, foreign)
    postgres.drop_database(name)

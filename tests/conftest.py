"""What every test may ask for: a PostgreSQL of the chosen version, a migrated database of its own, a transaction."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from app.core import logs
from app.core.data_keys import load
from app.core.database import Database, Db
from app.core.keys import MasterKey
from app.core.sealed import Keyring
from migrations.run import migrate
from tests.databases import TEMPLATE, Databases, fresh_name
from tests.postgres import PASSWORDS, Server, server

MASTER = MasterKey(b"\x07" * 32)
# What takes longest starts first, so that in the end no process is left with it alone.
LONGEST = ("tests/journeys/", "tests/supervisor/", "tests/attacks/", "tests/connections/test_fencing.py")

# No test fails on a slow machine.
settings.register_profile("stackwarden", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("stackwarden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-routes", action="store_true", help="write tests/house/routes.txt; then read the difference"
    )
    parser.addoption("--prove", action="store_true", help="drills at their full counts")
    parser.addoption(
        "--postgres", type=int, choices=(16, 18), default=18, help="major version of the tests' PostgreSQL"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays: the garbage collector need not look through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((place for place, long in enumerate(LONGEST) if item.nodeid.startswith(long)), 99))
    for item in items:
        for fixture, marker in (("postgres", "database"), ("counted", "drill"), ("every", "drill")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)


class Shares(LoadScopeScheduling):
    """Each process gets whole files; of attacks, which share nothing within a file, functions; the journeys stay together.

    For the journeys share an installation that takes long to set up.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if file.startswith("tests/attacks/"):
            return f"{file}::{test.partition('[')[0]}"
        return "journeys" if file.startswith("tests/journeys/") and "spreadsheets" not in file else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    return Shares(config, log)


@pytest.fixture(scope="session", autouse=True)
def _loggers_follow_their_configuration() -> Iterator[None]:
    """A logger that one test has used writes where the next test configures it to.

    What no test configures is written without drawing frames around each failure.
    """
    structlog.get_config()["processors"][-1].exception_formatter = structlog.dev.plain_traceback
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "CACHED", False)
        yield


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """``counted(60, 1000)`` is how often a drill does its thing: 60 times in the suite, 1,000 with ``--prove``.

    On a second version of PostgreSQL the suite does a quarter of it.
    """

    def times(few: int, many: int) -> int:
        again = request.config.getoption("--postgres") != 18
        chosen = many if request.config.getoption("--prove") else max(1, few // 4) if again else few
        request.node.user_properties.append(("times", chosen))
        return chosen

    return times


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """With ``--prove``: one line for each drill, with how often it did its thing and how that came out."""
    if not config.getoption("--prove"):
        return
    terminalreporter.section("drills")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            times = [str(value) for name, value in report.user_properties if name == "times"]
            if report.when == "call" and times:
                name, bracket, which = report.nodeid.rpartition("::")[2].removeprefix("test_").partition("[")
                what = name.replace("_", " ") + bracket + which
                terminalreporter.write_line(f"{outcome}  {'/'.join(dict.fromkeys(times)):>6}  {what}")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running server with a migrated template database."""
    with server(request.config.getoption("--postgres")) as running:
        running.create_database(TEMPLATE)
        migrate(running.url("owner", TEMPLATE), MASTER, PASSWORDS["app"])
        yield running


@pytest.fixture
def database_name(postgres: Server) -> Iterator[str]:
    """A fresh migrated database, dropped afterwards, for what needs more than its rows."""
    name = fresh_name()
    postgres.create_database(name, TEMPLATE)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def keys(postgres: Server) -> Keyring:
    """The opened data keys, which every copy of the template has from it."""
    import sqlalchemy as sa

    engine = sa.create_engine(postgres.url("app", TEMPLATE))
    with engine.connect() as connection:
        opened = load(connection, MASTER)
    engine.dispose()
    return opened


@pytest.fixture(scope="session")
def databases(postgres: Server, keys: Keyring) -> Iterator[Databases]:
    """Those that tests have one after another."""
    made = Databases(postgres, keys)
    yield made
    for kept in made.free:
        made.drop(kept)


@pytest.fixture
def database(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Database]:
    """The product's view of a database without rows: the application's role, an opened keyring."""
    if "database_name" in request.fixturenames:
        opened = Database(databases.server.url("app", request.getfixturevalue("database_name")), databases.keys)
        yield opened
        opened.close()
        return
    kept = databases.take()
    yield kept.opened
    databases.give_back(kept)


@pytest.fixture
def db(database: Database) -> Iterator[Db]:
    """One transaction, committed at the end of the test."""
    with database.transaction() as transaction:
        yield transaction


@pytest.fixture
def here() -> Path:
    """The tests' folder."""
    return Path(__file__).parent

"""More clients than the concurrency limit, and a database that goes away: nobody hangs, nothing acknowledged is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from app.core.database import CONCURRENCY
from tests.attacks.estate import Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import Answer, Ask
from tests.postgres import Server

DATABASE = "attacks_fresh"
Counted = Callable[[int, int], int]


def _bearer(estate: Estate) -> dict[str, str]:
    return {"authorization": f"Bearer {estate.key('owner')}"}


def _new_apps(estate: Estate, headers: dict[str, str], names: list[str]) -> list[Ask]:
    return [estate.prepare(headers, "POST", "/api/v1/apps", json={"name": name}) for name in names]


def _names(estate: Estate, headers: dict[str, str]) -> set[str]:
    found = estate.ask(headers, "GET", "/api/v1/apps?limit=1000").json()["items"]
    return {app["name"] for app in found}


def test_many_more_clients_than_transactions_are_all_answered(fresh: Estate, counted: Counted) -> None:
    key, session = _bearer(fresh), fresh.headers("owner")
    paths = (
        "/api/v1/people",
        "/api/v1/accounts?sort=app",
        "/people",
        "/apps",
        "/",
        "/access/accounts",
        "/settings/sessions",
    )
    number = max(counted(200, 2000), 80)
    assert number > 4 * CONCURRENCY
    asks = [
        fresh.prepare(key if path.startswith("/api") else session, "GET", path)
        for path in (paths[each % len(paths)] for each in range(number))
    ]
    asks += _new_apps(fresh, key, [f"Crowd {each}" for each in range(60)])
    found = Counter(answer.status for answer in fresh.wire.send_all(asks))
    assert found == {200: number, 201: 60}
    assert {f"Crowd {each}" for each in range(60)} <= _names(fresh, key)


def test_many_exports_at_once_are_all_whole(fresh: Estate, counted: Counted) -> None:
    session = fresh.headers("owner")
    paths = ("/people.csv", "/apps.csv", "/access/accounts.csv", "/audit-trail.csv")
    asks = [fresh.prepare(session, "GET", paths[each % 4]) for each in range(counted(100, 400))]
    for answer in fresh.wire.send_all(asks):
        assert answer.status == 200
        assert answer.body.splitlines()[-1].startswith(b"# SHA-256,")


def test_slow_readers_of_large_files_keep_nobody_else_waiting(fresh: Estate) -> None:
    session = fresh.headers("owner")
    slow = [fresh.prepare(session, "GET", "/audit-trail.csv") for _ in range(2 * CONCURRENCY)]
    with fresh.wire.stuck(slow):
        answers = fresh.wire.send_all([fresh.prepare(session, "GET", "/people") for _ in range(20)])
        assert Counter(answer.status for answer in answers) == {200: 20}


@contextmanager
def _failing_commits(postgres: Server, *tables: str, when: str = "true") -> Iterator[None]:
    """Every transaction that adds or changes a row of ``tables``, one ``when`` this holds, fails at its very end."""
    with postgres.connect("postgres", DATABASE) as connection:
        connection.execute("""
            CREATE FUNCTION fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the commit fails' USING ERRCODE = 'raise_exception'; END $$
        """)
        for table in tables:
            connection.execute(f"""
                CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT OR UPDATE ON {table}
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION fail_at_commit()
            """)
    yield
    with postgres.connect("postgres", DATABASE) as connection:
        connection.execute("DROP FUNCTION fail_at_commit CASCADE")


def test_a_commit_that_fails_is_never_answered_as_done_and_leaves_nothing(
    fresh: Estate, postgres: Server, log: Any
) -> None:
    """The trail's row is part of every change: where it cannot be committed, nothing happens."""
    headers, found = fresh.headers("owner"), samples(fresh)
    tried = 0
    with _failing_commits(postgres, "events", "imports"):
        before = fresh.rows(but=("throttle", "totp_enrolments"))
        for route in writes():
            answer = fresh.wire.send(found[route.key].ask(fresh, route, headers))
            if answer.status < 500 and fresh.rows(but=("throttle", "totp_enrolments")) == before:
                continue  # nothing was to be written
            assert answer.status >= 500, f"{route.key}: {answer.status}"
            assert answer.every("set-cookie") == [], route.key
            tried += 1
        assert fresh.rows(but=("throttle", "totp_enrolments")) == before
    assert tried > 35
    log.truncate(0)


def test_a_request_whose_commit_failed_can_be_repeated_under_its_key(fresh: Estate, postgres: Server, log: Any) -> None:
    headers = {**_bearer(fresh), "idempotency-key": "once"}
    with _failing_commits(postgres, "idempotency_keys"):
        assert fresh.ask(headers, "POST", "/api/v1/apps", json={"name": "Again"}).status >= 500
    assert "Again" not in _names(fresh, headers)
    first = fresh.ask(headers, "POST", "/api/v1/apps", json={"name": "Again"})
    second = fresh.ask(headers, "POST", "/api/v1/apps", json={"name": "Again"})
    assert (first.status, second.status, first.body) == (201, 201, second.body)
    log.truncate(0)


def test_an_export_that_cannot_be_noted_in_the_trail_does_not_begin(fresh: Estate, postgres: Server, log: Any) -> None:
    headers = fresh.headers("owner")
    with _failing_commits(postgres, "events"):
        refused = fresh.ask(headers, "GET", "/people.csv")
    assert refused.status >= 500
    assert b"# Export" not in refused.body
    log.truncate(0)


def test_an_export_whose_end_cannot_be_noted_has_no_end(fresh: Estate, postgres: Server, log: Any) -> None:
    headers = fresh.headers("owner")
    ending = _failing_commits(postgres, "events", when="NEW.action = 'people.exported'")
    with ending, pytest.raises(AssertionError, match="no end"):
        fresh.ask(headers, "GET", "/people.csv")
    log.truncate(0)


def test_a_database_that_is_down_is_said_to_be_and_is_used_again_when_it_is_back(
    fresh: Estate, postgres: Server, log: Any
) -> None:
    session, key = fresh.headers("owner"), _bearer(fresh)
    asks = [fresh.prepare(session, "GET", "/people"), fresh.prepare(key, "GET", "/api/v1/people")]
    asks += _new_apps(fresh, key, ["While it is down"])
    with _down(postgres):
        for answer in [fresh.wire.send(ask) for ask in asks * 3] + fresh.wire.send_all(asks * 20):
            assert answer.status == 503
            assert answer.header("retry-after") == "5"
            assert answer.every("set-cookie") == []
        assert fresh.ask({}, "GET", "/readyz").status == 503
        assert fresh.ask({}, "GET", "/readyz").json() == {"status": "unavailable"}
        assert fresh.ask({}, "GET", "/healthz").status == 200
    assert fresh.ask({}, "GET", "/readyz").status == 200
    assert {answer.status for answer in fresh.wire.send_all(asks[:2] * 20)} == {200}
    assert "While it is down" not in _names(fresh, key)
    log.truncate(0)


@contextmanager
def _down(postgres: Server) -> Iterator[None]:
    """Nobody gets a connection, and who had one has lost it."""
    with postgres.connect("postgres", "postgres") as connection:
        connection.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false")
        _cut(connection)
        yield
        connection.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS true")


def _cut(connection: Any) -> None:
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [DATABASE])


def test_connections_that_are_cut_all_the_time_cost_answers_but_nothing_that_was_acknowledged(
    fresh: Estate, postgres: Server, counted: Counted, log: Any
) -> None:
    key, done = _bearer(fresh), Event()

    def cut() -> None:
        with postgres.connect("postgres", "postgres") as connection:
            while not done.wait(0.05):
                _cut(connection)

    cutting = Thread(target=cut)
    cutting.start()
    answers: list[Answer] = []
    rounds = counted(6, 60)
    try:
        for turn in range(rounds):
            answers += fresh.wire.send_all(_new_apps(fresh, key, [f"Cut {turn} {each}" for each in range(25)]))
    finally:
        done.set()
        cutting.join()
    assert {answer.status for answer in answers} <= {201, 503}
    kept = {answer.json()["name"] for answer in answers if answer.status == 201}
    assert kept <= _names(fresh, key)
    assert {answer.status for answer in fresh.wire.send_all([fresh.prepare(key, "GET", "/api/v1/apps")] * 20)} <= {
        200,
        503,
    }
    assert {answer.status for answer in fresh.wire.send_all([fresh.prepare(key, "GET", "/api/v1/apps")] * 20)} == {200}
    log.truncate(0)

"""SCIM-05: whatever a broken source answers, nobody is taken for gone, and a person is told."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.connections import runs, schedule
from app.connections.models import Connection, Sync
from app.core import clock
from connectors.sdk.integrity import Limits
from tests.connections.directory import directory, group, hold, users
from tests.connections.harness import ADMIN, Bench
from tests.peers.broken_scim import Answer, Behaviour, BrokenPeer, Directory, answer, first

PEOPLE = users(*range(12))
GROUPS = [group(0, *range(12))]
WHOLE = Directory(users=PEOPLE, groups=GROUPS)


def _late(status: int, body: bytes = b"", content_type: str = "application/scim+json", **headers: str) -> Behaviour:
    """Right for the first page of users, wrong from the second one on."""
    pages = Directory(users=PEOPLE, groups=GROUPS, cap=5)

    def behave(asked: Any) -> Answer:
        if asked.query.get("startIndex", "1") == "1" and asked.path.endswith("Users"):
            return pages(asked)
        return Answer(status, body, content_type, headers)

    return behave


UNSOUND: dict[str, Callable[[], Behaviour]] = {
    "half a list": lambda: Directory(users=PEOPLE[:6], groups=GROUPS, totals=[12]),
    "an announced total that changes": lambda: Directory(users=PEOPLE, groups=GROUPS, cap=5, totals=[12, 11]),
    "everybody twice": lambda: Directory(users=[*PEOPLE, *PEOPLE[:6]], groups=GROUPS),
    "users without ids": lambda: Directory(users=[*PEOPLE[:8], *({"userName": "x"} for _ in range(4))], groups=GROUPS),
    "members of whom nobody knows": lambda: Directory(users=PEOPLE[:11], groups=[group(0, *range(12))]),
    "pages that end early": lambda: Directory(users=PEOPLE, groups=GROUPS, cap=5, empty_from=5),
    "nothing, and announces twelve": lambda: Directory(users=[], groups=[], totals=[12]),
}
FAILED: dict[str, Callable[[], Behaviour]] = {
    "a web page": lambda: _late(200, b"<!doctype html><h1>Sign in</h1>", "text/html"),
    "half a JSON": lambda: _late(200, b'{"Resources": [{"id": "user-00'),
    "nothing at all": lambda: _late(200, b""),
    "the same page again and again": lambda: Directory(users=PEOPLE, groups=GROUPS, cap=5, ignores_start=True),
    "a list of something else": lambda: lambda asked: answer({"unexpected": True}),
    "a token that is refused": lambda: _late(401),
    "a right that is missing": lambda: _late(403),
    "an address that is gone": lambda: _late(404),
    "a redirect": lambda: _late(302, Location="http://169.254.169.254/"),
    "a next page on another server": lambda: _late(302, Location="https://elsewhere.example.com/"),
    "numbers without end": lambda: _late(200, b'{"totalResults": 1e999, "Resources": []}'),
    "a nesting without end": lambda: _late(200, b"[" * 100_000),
}
LATER: dict[str, Callable[[], Behaviour]] = {
    "that it is broken": lambda: _late(500, json.dumps({"detail": "oops"}).encode()),
    "to come later": lambda: _late(429, **{"Retry-After": "120"}),
    "to come later, at last": lambda: _late(503, **{"Retry-After": "3600"}),
}


@pytest.fixture
def settled(bench: Bench) -> Any:
    """A directory that was synced once."""
    with directory(PEOPLE, GROUPS) as peer:
        connection = bench.connect(peer)
        assert bench.sync(connection, peer).state == "done"
        yield bench, peer, connection


def _nobody_gone(bench: Bench) -> None:
    assert bench.present() == {"active": 11, "left": 1, "accounts": 12, "entitlements": 1, "grants": 12}


@pytest.mark.parametrize("kind", UNSOUND)
def test_an_unsound_answer_takes_nothing_away_and_says_why(settled: Any, kind: str) -> None:
    bench, peer, connection = settled
    peer.behave = UNSOUND[kind]()
    result = bench.sync(connection, peer)
    _nobody_gone(bench)
    assert (result.state, result.sync.verdict) == ("done", "unsound")
    assert result.facts.reasons
    with bench.database.transaction(read_only=True) as db:
        complete = db.value(sa.select(Connection.last_complete_at))
    assert complete < result.sync.finished_at


@pytest.mark.parametrize("kind", FAILED)
def test_a_wrong_answer_fails_with_a_sentence_and_is_not_tried_again(settled: Any, kind: str) -> None:
    bench, peer, connection = settled
    peer.behave = FAILED[kind]()
    result = bench.sync(connection, peer)
    _nobody_gone(bench)
    assert result.state == "failed"
    assert result.facts.error.endswith(".")
    assert peer.token not in result.facts.error
    assert bench.counts("staged_records", "sync_checkpoints") == {"staged_records": 0, "sync_checkpoints": 0}


@pytest.mark.parametrize("kind", LATER)
def test_a_passing_fault_is_tried_again_from_the_last_page(settled: Any, kind: str, monkeypatch: Any) -> None:
    bench, peer, connection = settled
    monkeypatch.setattr("connectors.sdk.client.PAUSES", (0.0,))
    peer.behave = LATER[kind]()
    result = bench.sync(connection, peer)
    assert (result.state, result.sync.attempts) == ("queued", 1)
    assert result.facts.error
    asked = [one.query["startIndex"] for one in peer.asked if one.path.endswith("Users")]
    peer.behave = Directory(users=PEOPLE, groups=GROUPS, cap=5)
    from app.connections.sync import run

    run(bench.runtime(peer.url), sync_id=str(result.sync.id))
    again = [one.query["startIndex"] for one in peer.asked if one.path.endswith("Users")][len(asked) :]
    assert again == ["6", "11"]
    assert bench.result(result.sync.id).sync.verdict == "sound"
    _nobody_gone(bench)


def test_a_fault_that_does_not_pass_fails_in_the_end(settled: Any, monkeypatch: Any) -> None:
    from app.connections.sync import run

    bench, peer, connection = settled
    monkeypatch.setattr("connectors.sdk.client.PAUSES", (0.0,))
    peer.behave = _late(500)
    result = bench.sync(connection, peer)
    for _ in range(10):
        run(bench.runtime(peer.url), sync_id=str(result.sync.id))
    result = bench.result(result.sync.id)
    assert result.state == "failed"
    assert "500" in result.facts.error


def test_a_postponed_run_goes_on_when_it_is_due(settled: Any, monkeypatch: Any) -> None:
    bench, peer, connection = settled
    monkeypatch.setattr("connectors.sdk.client.PAUSES", (0.0,))
    peer.behave = _late(503, **{"Retry-After": "600"})
    bench.sync(connection, peer)
    waiting = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'connections.sync' AND status = 'todo'"
    with bench.database.transaction() as db:
        db.run(sa.text("DELETE FROM procrastinate_jobs"))
    for minutes, jobs in ((9, 0), (11, 1), (12, 1)):
        clock.shift(timedelta(minutes=minutes))
        try:
            schedule.run(bench.runtime(peer.url))
        finally:
            clock.shift(timedelta())
        with bench.database.transaction(read_only=True) as db:
            assert db.value(sa.text(waiting)) == jobs


def test_a_source_that_forgets_half_of_its_people_is_asked_about(settled: Any) -> None:
    bench, peer, connection = settled
    hold(peer, PEOPLE[:6], [group(0, *range(6))])
    result = bench.sync(connection, peer)
    _nobody_gone(bench)
    assert result.state == "waiting_approval"
    removals = {removal.kind: (removal.total, removal.seen) for removal in result.facts.removals}
    assert removals == {"person": (6, 12), "account": (6, 12), "grant": (6, 12), "leaver": (5, 12)}


def test_an_approved_removal_is_applied_and_a_discarded_one_is_not(settled: Any) -> None:
    from app.connections.sync import run

    bench, peer, connection = settled
    hold(peer, PEOPLE[:6], [group(0, *range(6))])
    for decide, accounts, state in ((runs.discard_sync, 12, "discarded"), (runs.approve_sync, 6, "done")):
        result = bench.sync(connection, peer)
        with bench.database.transaction() as db:
            found, sync = db.find(Connection, connection, lock=True), db.find(Sync, result.sync.id, lock=True)
            decide(db, ADMIN, found, sync)
        run(bench.runtime(peer.url), sync_id=str(result.sync.id))
        assert bench.result(result.sync.id).state == state
        assert bench.present()["accounts"] == accounts
        assert bench.counts("staged_records") == {"staged_records": 0}


def test_few_removals_and_small_shares_do_not_ask(settled: Any) -> None:
    bench, peer, connection = settled
    hold(peer, PEOPLE[:8], [group(0, *range(8))])
    assert bench.sync(connection, peer).state == "done"
    assert bench.present()["accounts"] == 8


def test_the_limits_can_be_set_for_a_connection(bench: Bench) -> None:
    with directory(PEOPLE, GROUPS) as peer:
        strict = bench.connect(peer, removal_percent=0, removal_count=1)
        bench.sync(strict, peer)
        hold(peer, PEOPLE[:11], [group(0, *range(11))])
        assert bench.sync(strict, peer).state == "waiting_approval"


def test_a_lifecycle_source_that_sets_everybody_inactive_is_asked_about(settled: Any) -> None:
    bench, peer, connection = settled
    hold(peer, users(*range(12), active=False), GROUPS)
    result = bench.sync(connection, peer)
    assert result.state == "waiting_approval"
    assert [removal.kind for removal in result.facts.removals] == ["leaver"]
    assert bench.present()["left"] == 1


def test_a_newer_run_takes_the_place_of_one_that_waits(settled: Any) -> None:
    bench, peer, connection = settled
    hold(peer, PEOPLE[:6], [group(0, *range(6))])
    waiting = bench.sync(connection, peer)
    hold(peer, PEOPLE, GROUPS)
    assert bench.sync(connection, peer).state == "done"
    assert bench.result(waiting.sync.id).state == "discarded"
    _nobody_gone(bench)


def test_additions_of_an_unsound_answer_are_taken(settled: Any) -> None:
    bench, peer, connection = settled
    hold(peer, [*users(20), *PEOPLE[:6]], GROUPS, totals=[13])
    result = bench.sync(connection, peer)
    assert (result.sync.verdict, result.count("person", "added")) == ("unsound", 1)
    assert bench.present()["accounts"] == 13


def _endless(total: int, size: int) -> Behaviour:
    """New users on every page, without end."""

    def behave(asked: Any) -> Answer:
        start = int(asked.query["startIndex"])
        return answer({"totalResults": total, "Resources": users(*range(start, start + size))})

    return behave


@pytest.mark.parametrize(
    ("limits", "total", "said"),
    [
        (Limits(), 10**9, "sends 2 a page where 200 were asked for"),
        (Limits(entries=20), 100_000, "a sync reads 20 at most"),
        (Limits(seconds=0), 100_000, "hours and 2 entries and has more"),
    ],
)
def test_a_list_without_an_end_is_left_with_a_sentence(
    settled: Any, monkeypatch: Any, limits: Limits, total: int, said: str
) -> None:
    bench, peer, connection = settled
    monkeypatch.setattr("connectors.sdk.integrity.LIMITS", limits)
    peer.behave = _endless(total, 2)
    result = bench.sync(connection, peer)
    _nobody_gone(bench)
    assert result.state == "failed"
    assert said in result.facts.error


def test_a_peer_that_hangs_up_is_tried_again(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr("connectors.sdk.client.PAUSES", (0.0, 0.0))
    with directory(PEOPLE) as peer:
        connection = bench.connect(peer)
        peer.behave = first(Answer(is_cut=True), then=WHOLE)
        assert bench.sync(connection, peer).state == "done"


def test_the_token_is_in_no_row_and_no_error(bench: Bench) -> None:
    with directory(PEOPLE) as peer:
        peer.token = "canary-0123456789-token"
        connection = bench.connect(peer)
        peer.behave = _late(400, json.dumps({"detail": f"bad token {peer.token}"}).encode())
        result = bench.sync(connection, peer)
        assert peer.token not in repr(result.facts)
        assert isinstance(peer, BrokenPeer)
    for table in ("connections", "syncs", "secrets", "events", "procrastinate_jobs"):
        with bench.database.transaction(read_only=True) as db:
            rows = db.value(sa.text(f"SELECT string_agg(t::text, ' ') FROM {table} t")) or ""
        assert peer.token not in rows
        assert peer.token.encode().hex() not in rows

"""A worker that was killed or paused: its sync goes on elsewhere, and it writes nothing when it wakes."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.connections import fencing
from app.connections.fencing import LeaseLost
from app.connections.models import StagedRecord
from app.connections.sync import run
from app.core import bulk
from app.core.database import Database
from app.core.identifiers import new_id
from tests.conftest import TEMPLATE
from tests.connections.directory import directory, hold, users
from tests.connections.harness import Bench
from tests.connections.sheets import checksums
from tests.drills.sync_kills import PAGE, open_database, settings_of, worker
from tests.drills.sync_kills import run as run_drill
from tests.peers.broken_scim import Answer, Asked, Directory
from tests.peers.scim import start
from tests.postgres import Server

_STALLED_AFTER = 3.0  # a worker that is only late, on a busy machine, is not to count as dead here


def test_killed_workers_lose_and_double_nothing(postgres: Server, counted: Callable[[int, int], int]) -> None:
    report = run_drill(postgres, TEMPLATE, kills=counted(20, 200))
    assert report.differences == []
    assert report.kills >= counted(20, 200)
    assert report.while_running > report.kills // 3


def test_a_worker_that_is_paused_beyond_its_lease_writes_nothing_when_it_wakes(postgres: Server) -> None:
    name = "paused"
    postgres.create_database(name, TEMPLATE)
    database = open_database(postgres, name)
    try:
        with tempfile.TemporaryDirectory() as folder, start(users=120, groups=3) as peer:
            bench = Bench(database, settings_of(postgres, name, peer, Path(folder)))
            sync_id = bench.request(bench.connect(peer, settings={"page_size": PAGE}))
            with worker(bench.settings, stalled_after=_STALLED_AFTER) as paused:
                _until(lambda: _staged(database) > 0)
                os.kill(paused, signal.SIGSTOP)
                with worker(bench.settings, stalled_after=_STALLED_AFTER):
                    _until(lambda: bench.result(sync_id).state == "done")
                    assert bench.result(sync_id).sync.fence > 1
                    after = _everything(database)
                    os.kill(paused, signal.SIGCONT)
                    time.sleep(2)
                    assert _everything(database) == after
            bench.close()
    finally:
        database.close()
        postgres.drop_database(name)


def test_a_worker_that_is_paused_within_a_copy_keeps_nobody_waiting(postgres: Server) -> None:
    """To the server a COPY without a client is busy, so no timeout of the server's ends it."""
    name = "paused_in_copy"
    postgres.create_database(name, TEMPLATE)
    database = open_database(postgres, name)
    try:
        with tempfile.TemporaryDirectory() as folder, directory(users(*range(3_000))) as peer:
            bench = Bench(database, settings_of(postgres, name, peer, Path(folder)))  # type: ignore[arg-type]
            connection = bench.connect(peer, settings={"page_size": 1_000})
            sync_id = bench.request(connection)
            with (
                worker(bench.settings, stalled_after=_STALLED_AFTER) as paused,
                postgres.connect("app", name) as watching,
            ):
                _until(lambda: _pause_within_a_copy(watching, paused))
                [(stuck,)] = watching.execute(_COPYING).fetchall()
                with worker(bench.settings, stalled_after=_STALLED_AFTER):
                    _until(lambda: bench.result(sync_id).state == "done")
                    assert stuck not in [pid for (pid,) in watching.execute("SELECT pid FROM pg_stat_activity")]
                    after = _everything(database)
                    os.kill(paused, signal.SIGCONT)
                    time.sleep(2)
                    assert _everything(database) == after
            assert bench.counts("people", "accounts") == {"people": 3_000, "accounts": 3_000}
            bench.close()
    finally:
        database.close()
        postgres.drop_database(name)


def test_a_copy_that_moves_is_left_alone_and_one_that_does_not_is_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing, "PATIENCE", 0.4)
    paused = fencing.PausedCopies()
    with bench.database.transaction() as db:
        assert _copy_looking(bench, lambda: paused.end(db), [1_000] * 8) == [0] * 8
        with pytest.raises(sa.exc.OperationalError):
            _copy_looking(bench, lambda: paused.end(db), [1_000] + [0] * 8)
        assert paused.end(db) == 0
    assert bench.counts("staged_records") == {"staged_records": 8_000}


def test_an_older_claim_can_write_nothing(bench: Bench) -> None:
    with directory(users(1)) as peer:
        sync_id = bench.request(bench.connect(peer))
    with bench.database.transaction() as db:
        first = fencing.claim(db, sync_id)
    with bench.database.transaction() as db:
        second = fencing.claim(db, sync_id)
    assert first is not None
    assert second is not None
    with pytest.raises(LeaseLost), bench.database.transaction() as db:
        fencing.hold(db, first)
    with bench.database.transaction() as db:
        assert fencing.hold(db, second) is False


def test_a_claim_waits_for_a_page_that_is_being_written_and_the_page_stays(bench: Bench) -> None:
    """Between the check of the fence and the commit nobody can take the run over."""
    from threading import Thread

    with directory(users(1)) as peer:
        sync_id = bench.request(bench.connect(peer))
    with bench.database.transaction() as db:
        first = fencing.claim(db, sync_id)
    assert first is not None
    seen: list[int] = []

    def take_over() -> None:
        with bench.database.transaction() as db:
            fencing.claim(db, sync_id)
            seen.append(int(db.value(sa.select(sa.func.count()).select_from(StagedRecord))))

    with bench.database.transaction() as db:
        fencing.hold(db, first)
        other = Thread(target=take_over)
        other.start()
        row = {"sync_id": sync_id, "kind": "grant", "source_index": b"\0" * 16}
        db.run(sa.insert(StagedRecord.__table__), row)
        time.sleep(0.3)
        assert seen == []
    other.join(10)
    assert seen == [1]


def test_a_run_that_lost_its_lease_between_two_pages_ends_without_a_word(bench: Bench) -> None:
    pages = Directory(users=users(*range(10)), cap=3)
    runs: list[UUID] = []

    def behave(asked: Asked) -> Answer:
        if asked.query.get("startIndex") == "7":
            with bench.database.transaction() as db:
                fencing.claim(db, runs[0])
        return pages(asked)

    with directory(users(1)) as peer:
        peer.behave = behave
        connection = bench.connect(peer)
        runs.append(bench.request(connection))
        run(bench.runtime(peer.url), sync_id=str(runs[0]))
        result = bench.result(runs[0])
        assert (result.state, result.facts.error) == ("running", "")
        assert bench.counts("people", "accounts", "staged_records") == {
            "people": 0,
            "accounts": 0,
            "staged_records": 12,
        }
        hold(peer, users(*range(10)))
        run(bench.runtime(peer.url), sync_id=str(runs[0]))
    assert bench.result(runs[0]).state == "done"
    assert bench.counts("people", "accounts", "staged_records") == {"people": 10, "accounts": 10, "staged_records": 0}


def test_a_run_is_stopped_between_two_pages(bench: Bench) -> None:
    from app.connections import runs
    from app.connections.models import Connection, Sync
    from tests.connections.harness import ADMIN

    pages = Directory(users=users(*range(10)), cap=3)
    syncs: list[UUID] = []

    def behave(asked: Asked) -> Answer:
        if asked.query.get("startIndex") == "4":
            with bench.database.transaction() as db:
                found = db.session.scalars(sa.select(Connection).with_for_update()).one()
                sync = db.find(Sync, syncs[0], lock=True)
                assert sync is not None
                runs.stop_sync(db, ADMIN, found, sync)
        return pages(asked)

    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        peer.behave = behave
        syncs.append(bench.request(connection))
        run(bench.runtime(peer.url), sync_id=str(syncs[0]))
        assert max(int(one.query["startIndex"]) for one in peer.asked) == 4
    assert bench.result(syncs[0]).state == "stopped"
    assert bench.counts("people", "staged_records") == {"people": 0, "staged_records": 0}


def test_a_worker_that_is_shutting_down_hands_the_run_back(bench: Bench) -> None:
    from dataclasses import replace

    with directory(users(*range(10)), cap=3) as peer:
        connection = bench.connect(peer)
        sync_id = bench.request(connection)
        with bench.database.transaction() as db:
            db.run(sa.text("DELETE FROM procrastinate_jobs"))
        stopping = replace(bench.runtime(peer.url), should_stop=lambda: len(peer.asked) >= 2)
        run(stopping, sync_id=str(sync_id))
        assert bench.result(sync_id).state == "queued"
        assert bench.counts("procrastinate_jobs") == {"procrastinate_jobs": 1}
        run(bench.runtime(peer.url), sync_id=str(sync_id))
        asked = [one.query["startIndex"] for one in peer.asked if one.path.endswith("Users")]
        assert asked == ["1", "4", "7", "10"]
    assert bench.result(sync_id).state == "done"


_COPYING = "SELECT pid FROM pg_stat_progress_copy WHERE command = 'COPY FROM'"


def _pause_within_a_copy(watching: Any, pid: int) -> bool:
    """Pause the process if it is within a COPY; whether it was, when it had stopped."""
    if not watching.execute(_COPYING).fetchall():
        return False
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.3)  # what it had sent is read
    if watching.execute(_COPYING).fetchall():
        return True
    os.kill(pid, signal.SIGCONT)
    return False


def _copy_looking(bench: Bench, look: Callable[[], int], batches: Sequence[int]) -> list[int]:
    """COPY so many rows, looking and resting after each batch; what was found."""
    looks: list[int] = []

    def rows() -> Iterator[tuple[Any, ...]]:
        for batch in batches:
            yield from ((new_id(), "grant", new_id().bytes) for _ in range(batch))
            looks.append(look())
            time.sleep(0.15)

    with bench.database.transaction() as db:
        bulk.copy(db, [StagedRecord.__table__.c[name] for name in ("sync_id", "kind", "source_index")], rows())
    return looks


def _staged(database: Database) -> int:
    with database.transaction(read_only=True) as db:
        return int(db.value(sa.select(sa.func.count()).select_from(StagedRecord)))


def _everything(database: Database) -> dict[str, Any]:
    """All that a sync could write, its own tables and the trail included."""
    with database.transaction(read_only=True) as db:
        more = {
            table: db.value(sa.text(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t"))
            for table in ("connections", "syncs", "staged_records", "sync_checkpoints", "events")
        }
    return checksums(database) | more


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)

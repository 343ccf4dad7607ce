"""The timetable: what is due runs once, what waits holds it back, what was lost is found; and what is old goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.connections import actions, schedule
from app.connections.imports import clearing
from app.connections.models import Connection
from app.connections.sync import run
from app.core import clock
from app.core.errors import Conflict
from tests.builders import make_app
from tests.connections import sheets
from tests.connections.directory import directory, group, hold, users
from tests.connections.harness import ADMIN, Bench
from tests.connections.test_imports import ACCOUNTS, PEOPLE


@contextmanager
def _later(**by: float) -> Iterator[None]:
    clock.shift(timedelta(**by))
    try:
        yield
    finally:
        clock.shift(timedelta())


def _syncs(bench: Bench) -> list[tuple[str, str]]:
    with bench.database.transaction(read_only=True) as db:
        return [tuple(row) for row in db.rows(sa.text("SELECT trigger, state FROM syncs ORDER BY id"))]


def _jobs(bench: Bench) -> int:
    with bench.database.transaction(read_only=True) as db:
        return int(db.value(sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'connections.sync'")))


def test_what_is_due_is_started_once_and_again_after_its_interval(bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer, every_minutes=60)
        runtime = bench.runtime(peer.url)
        for _ in range(2):
            schedule.run(runtime)
        assert _syncs(bench) == [("schedule", "queued")]
        assert _jobs(bench) == 1
        with bench.database.transaction(read_only=True) as db:
            run(runtime, sync_id=str(db.value(sa.text("SELECT id FROM syncs"))))
        for minutes, expected in ((59, 1), (61, 2)):
            with _later(minutes=minutes):
                schedule.run(runtime)
            assert len(_syncs(bench)) == expected
        with bench.database.transaction() as db:
            found = db.find(Connection, connection, lock=True)
            assert found is not None
            actions.set_paused(db, ADMIN, found, paused=True)
            db.run(sa.text("DELETE FROM syncs WHERE state = 'queued'"))
        with _later(days=2):
            schedule.run(runtime)
        assert len(_syncs(bench)) == 1


def test_a_run_that_waits_for_a_person_holds_back_the_timetable(bench: Bench) -> None:
    with directory(users(*range(12)), [group(0, 1)]) as peer:
        connection = bench.connect(peer, every_minutes=60)
        bench.sync(connection, peer)
        hold(peer, users(1))
        assert bench.sync(connection, peer).state == "waiting_approval"
        with _later(days=1):
            schedule.run(bench.runtime(peer.url))
    assert [state for _, state in _syncs(bench)] == ["done", "waiting_approval"]


def test_a_run_whose_job_was_lost_is_found(bench: Bench) -> None:
    with directory(users(1)) as peer:
        bench.request(bench.connect(peer))
        with bench.database.transaction() as db:
            db.run(sa.text("DELETE FROM procrastinate_jobs"))
        for minutes, jobs in ((4, 0), (6, 1)):
            with _later(minutes=minutes):
                schedule.run(bench.runtime(peer.url))
            assert _jobs(bench) == jobs


def test_two_sources_that_meet_the_same_people_at_once_make_them_once(bench: Bench) -> None:
    with directory(users(*range(60))) as first, directory(users(*range(60))) as second:
        wanted = [
            (bench.connect(first, name="First"), first),
            (bench.connect(second, name="Second", decides=False), second),
        ]
        threads = [Thread(target=bench.sync, args=pair) for pair in wanted]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert bench.counts("people", "person_records", "person_emails") == {
        "people": 60, "person_records": 120, "person_emails": 60,
    }  # fmt: skip


def test_files_that_nobody_applies_and_old_undo_notes_go(bench: Bench) -> None:
    database = bench.database
    applied = sheets.bring(database, "people", PEOPLE + b"not an address,X,Y\r\n")
    sheets.apply(database, applied)
    with database.transaction() as db:
        app_id = make_app(db, "Zoom")
    waiting: UUID = sheets.bring(database, "accounts", ACCOUNTS, app_id=app_id)
    runtime = bench.runtime("http://nobody.example.com")
    clearing.run(runtime)
    assert all(bench.counts("import_changes", "import_parts", "staged_records").values())
    with _later(days=8):
        clearing.run(runtime)
    assert sheets.facts(database, waiting)[0].state == "discarded"
    assert bench.counts("staged_records", "import_parts") == {"staged_records": 0, "import_parts": 1}
    with _later(days=31):
        clearing.run(runtime)
        with pytest.raises(Conflict, match="30 days"):
            sheets.undo(database, applied)
    assert bench.counts("import_changes", "import_parts") == {"import_changes": 0, "import_parts": 0}

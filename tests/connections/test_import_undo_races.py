"""An import is undone beside everything else that happens: what is changed meanwhile is not lost."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.database import Database
from app.core.errors import Conflict
from app.people.actions import create_person
from tests.connections.sheets import ADMIN, apply, bring, checksums, undo
from tests.connections.test_imports import PEOPLE

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def _until_somebody_waits(database: Database) -> None:
    for _ in range(200):
        with database.transaction(read_only=True) as db:
            if db.value(sa.text(_WAITING)):
                return
        time.sleep(0.05)
    pytest.fail("nobody waits for a lock")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE people SET changed_at = changed_at + interval '1 second'",
        "UPDATE person_records SET seen_from = seen_from + interval '1 second'",
        "DELETE FROM person_emails",
    ],
)
def test_what_is_changed_while_an_import_is_undone_stops_it_whole(database: Database, change: str) -> None:
    import_id = bring(database, "people", PEOPLE)
    apply(database, import_id)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            db.run(sa.text(change))
            undoing: Any = pool.submit(undo, database, import_id)
            _until_somebody_waits(database)
        with pytest.raises(Conflict, match="something was changed since"):
            undoing.result()
    assert checksums(database)["people"] is not None
    with database.transaction(read_only=True) as db:
        assert db.value(sa.text("SELECT count(*) FROM people")) == 3
        assert db.value(sa.text("SELECT state FROM imports")) == "applied"


def test_a_team_that_is_taken_up_while_what_brought_it_is_undone_stays(database: Database) -> None:
    import_id = bring(database, "people", PEOPLE)
    apply(database, import_id)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as db:
            create_person(db, ADMIN, display_name="Dee", team="Sales")
            undoing: Any = pool.submit(undo, database, import_id)
            _until_somebody_waits(database)
        undoing.result()
    with database.transaction(read_only=True) as db:
        teams = "SELECT count(*) FROM people JOIN facets ON facets.id = people.team_id"
        assert [db.value(sa.text(each)) for each in (teams, "SELECT count(*) FROM facets")] == [1, 1]

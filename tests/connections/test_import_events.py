"""The trail says of each file who did what with it, and who asked a worker to."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.connections import actions
from app.connections.imports import clearing, large
from app.connections.imports.models import Import
from app.connections.models import Connection
from app.core.audit import EventRow
from app.core.database import Database
from tests.connections import sheets
from tests.connections.harness import Bench
from tests.connections.site import Asking
from tests.connections.test_import_pages import _mapping, _upload
from tests.connections.test_imports import PEOPLE
from tests.inventory import events

ADA, BEA = "it@example.com", "owner@example.com"
NOBODY = "http://nobody.example.com"


def _told(database: Database) -> list[tuple[str, str]]:
    """What files have in the trail: action and actor."""
    with database.transaction(read_only=True) as db:
        return [(action, facts.actor) for action, facts in events(db) if "import" in action or "rows" in action]


def _steps(client: Any, database: Database, *steps: str) -> str:
    path = str(_upload(client, PEOPLE).headers["location"])
    for step in steps:
        data = _mapping(database, path) if step == "mapping" else {}
        data.pop("column.manager", None)
        assert client.post(f"{path}/{step}", data=data).status_code == 303
    return path


def test_each_step_is_an_event_of_who_took_it(asking: Asking, database: Database) -> None:
    path = _steps(asking("it"), database, "mapping")
    asking("owner").post(f"{path}/application")
    asking("owner").post(f"{path}/undo")
    _steps(asking("it"), database, "discard")
    assert _told(database) == [
        ("import.uploaded", ADA), ("import.mapped", ADA), ("import.applied", BEA), ("import.undone", BEA),
        ("import.uploaded", ADA), ("import.discarded", ADA),
    ]  # fmt: skip
    with database.transaction(read_only=True) as db:
        told = dict(events(db))
    assert told["import.uploaded"].detail["file"] == "people.csv"
    assert told["import.uploaded"].subject == "Spreadsheet: people"
    changed = [(change.field, change.before, change.after) for change in told["import.mapped"].changes]
    assert changed == [("manager", "Manager Email", None)]


def test_a_file_that_takes_the_place_of_another_discards_it(asking: Asking, database: Database) -> None:
    _steps(asking("it"), database)
    _steps(asking("owner"), database)
    assert _told(database) == [
        ("import.uploaded", ADA), ("import.discarded", BEA), ("import.uploaded", BEA)
    ]  # fmt: skip


def test_what_ends_a_waiting_file_is_told(asking: Asking, bench: Bench) -> None:
    database = bench.database
    _steps(asking("it"), database)
    with database.transaction() as db:
        db.run(sa.update(Import).values(created_at=sa.func.now() - sa.text("interval '8 days'")))
    clearing.CLEAR.run(bench.runtime(NOBODY))
    _steps(asking("it"), database)
    with database.transaction() as db:
        connection = db.session.scalars(sa.select(Connection).with_for_update()).one()
        actions.remove_connection(db, sheets.ADMIN, connection)
    with database.transaction(read_only=True) as db:
        said = [(facts.actor, facts.reason) for action, facts in events(db) if action == "import.discarded"]
    assert said == [
        ("Clearing", "It was not applied for 7 days."), (sheets.ADMIN.label, "The connection was removed.")
    ]  # fmt: skip


def test_a_large_file_is_applied_in_the_name_of_who_asked_for_it(
    asking: Asking, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "AT_ONCE", 2)
    database = bench.database
    path = _steps(asking("it"), database, "mapping")
    import_id = path.rpartition("/")[2]
    large.READ.run(bench.runtime(NOBODY), import_id=import_id)
    assert "being%20applied" in asking("owner").post(f"{path}/application").headers["set-cookie"]
    large.APPLY.run(bench.runtime(NOBODY), import_id=import_id)
    assert sheets.facts(database, UUID(import_id))[0].state == "applied"
    assert _told(database)[2:] == [("import.requested", BEA), ("import.applied", f"Import by {BEA}")]


def test_rows_that_could_not_be_read_do_not_leave_untold(asking: Asking, database: Database) -> None:
    client = asking("it")
    data = sheets.sheet([("Email", "Name", "Start date"), ("a@example.com", "A", "soon"), ("b@example.com", "B", "")])
    path = _upload(client, data).headers["location"]
    client.post(f"{path}/mapping", data=_mapping(database, path))
    assert client.get(f"{path}/failed-rows.csv").status_code == 200
    assert _told(database)[-1] == ("failed_rows.exported", ADA)
    with database.transaction(read_only=True) as db:
        assert db.value(sa.select(EventRow.subject_type).order_by(EventRow.id.desc()).limit(1)) == "connection"
        assert events(db)[-1][1].detail == {"import": path.rpartition("/")[2], "file": "people.csv", "rows": 1}

"""The pages of an import: each step works without scripts, and a wrong step says what is wrong."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.core.database import Database
from tests.builders import make_app
from tests.connections.sheets import checksums, sheet
from tests.connections.site import Asking
from tests.connections.test_imports import ACCOUNTS, PEOPLE

FORMULA = "=cmd|' /C calc'!A0"


def _upload(client: Any, data: bytes, *, target: str = "people", name: str = "people.csv", **texts: str) -> Any:
    return client.post("/integrations/import", data={"target": target, **texts}, files={"file": (name, data)})


def _mapping(database: Database, path: str) -> dict[str, str]:
    """The suggested columns, as the form would send them."""
    from tests.connections.sheets import facts

    _, found = facts(database, UUID(path.rpartition("/")[2]))
    return {f"column.{field}": column for field, column in found.mapping.items()}


def test_only_who_may_change_connections_may_import(asking: Asking) -> None:
    for role, status in (("", 303), ("employee", 403), ("auditor", 403), ("it", 200)):
        assert asking(role).get("/integrations/import").status_code == status
    assert _upload(asking("auditor"), PEOPLE).status_code == 403


def test_a_file_is_uploaded_previewed_applied_and_undone(asking: Asking, database: Database) -> None:
    client = asking()
    before = checksums(database)
    answer = _upload(client, PEOPLE)
    assert answer.status_code == 303
    path = answer.headers["location"]
    assert "Email (such as ada@example.com)" in client.get(path).text
    assert client.post(f"{path}/mapping", data=_mapping(database, path)).status_code == 303
    shown = client.get(path).text
    assert "Ada Lovelace" in shown
    assert "3 new people" in shown
    assert checksums(database) == before
    assert client.post(f"{path}/application").status_code == 303
    assert "Applied" in client.get(path).text
    assert checksums(database) != before
    assert client.post(f"{path}/undo").status_code == 303
    assert checksums(database) == before
    assert client.get("/integrations/import").text.count("Undone") == 1


def test_failed_rows_come_back_as_a_file_with_reasons_and_no_formula(asking: Asking, database: Database) -> None:
    client = asking()
    rows = [
        ("Email", "Name", "Start Date"),
        ("ada@example.com", "Ada", "soon"),
        (FORMULA, FORMULA, ""),
        ("b@c.nl", "B", ""),
    ]
    path = _upload(client, sheet(rows)).headers["location"]
    client.post(f"{path}/mapping", data=_mapping(database, path))
    assert "2 rows could not be read" in client.get(path).text
    answer = client.get(f"{path}/failed-rows.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[0].endswith("Email,Name,Start Date,Row,Reason")
    assert "ada@example.com,Ada,soon,2" in lines[1]
    assert all(not line.startswith("=") for line in lines)


def test_scripts_in_cells_are_kept_as_typed_and_shown_as_text(asking: Asking, database: Database) -> None:
    client = asking()
    name = "<script>alert(1)</script> O'Brien"
    path = _upload(client, sheet([("Email", "Name"), ("a@example.com", name)])).headers["location"]
    client.post(f"{path}/mapping", data=_mapping(database, path))
    shown = client.get(path).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; O&#39;Brien" in shown


@pytest.mark.parametrize(
    ("data", "texts", "said"),
    [
        (b"", {}, "empty"),
        (b"%PDF-1.7", {}, "a PDF"),
        (b"Email\n", {}, "nothing below it"),
        (b'Email,Name\n"a@b.nl,x\n' * 3, {}, "quotation mark"),
        (PEOPLE, {"target": "everything"}, "Choose what the file holds"),
        (PEOPLE, {"target": ""}, "Choose what the file holds"),
        (ACCOUNTS, {"target": "accounts"}, "Choose the app"),
        (ACCOUNTS, {"target": "accounts", "app_id": "00000000-0000-7000-8000-000000000000"}, "Choose the app"),
        (ACCOUNTS, {"target": "accounts", "app_id": "x' OR 1=1"}, "Choose the app"),
    ],
)
def test_a_wrong_upload_says_what_is_wrong_and_keeps_nothing(
    asking: Asking, database: Database, data: bytes, texts: dict[str, str], said: str
) -> None:
    answer = _upload(asking(), data, **texts)
    assert answer.status_code == 422
    assert said in answer.text
    with database.transaction(read_only=True) as db:
        assert db.value(sa.text("SELECT count(*) FROM imports")) == 0
        assert db.value(sa.text("SELECT count(*) FROM connections")) == 0


def test_an_upload_without_a_file_or_with_two_is_refused(asking: Asking) -> None:
    client = asking()
    assert client.post("/integrations/import", data={"target": "people"}).status_code == 422
    two = [("file", ("a.csv", PEOPLE)), ("file", ("b.csv", PEOPLE))]
    assert client.post("/integrations/import", data={"target": "people"}, files=two).status_code == 422


def test_more_than_fifty_megabytes_are_refused_unread(asking: Asking) -> None:
    headers = {"content-length": str(51 * 1024 * 1024), "content-type": "multipart/form-data"}
    answer = asking().post("/integrations/import", content=b"", headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"column.email": ""}, "Choose a column for"),
        ({"column.email": "No such column"}, "The file has no column"),
        ({"column.nonsense": "Email"}, "There is no such field"),
    ],
)
def test_a_wrong_mapping_says_which_field(
    asking: Asking, database: Database, change: dict[str, str], said: str
) -> None:
    client = asking()
    path = _upload(client, PEOPLE).headers["location"]
    answer = client.post(f"{path}/mapping", data=_mapping(database, path) | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert client.post(f"{path}/application").status_code == 422


def test_removals_over_the_limit_need_a_tick(asking: Asking, database: Database) -> None:
    client = asking()
    with database.transaction() as db:
        app_id = str(make_app(db, "Zoom"))
    for data in (ACCOUNTS, b"\r\n".join(ACCOUNTS.split(b"\r\n")[:3])):
        path = _upload(client, data, target="accounts", app_id=app_id).headers["location"]
        client.post(f"{path}/mapping", data=_mapping(database, path) | {"is_complete": "true"})
        first = client.post(f"{path}/application")
    assert first.status_code == 422
    assert "6 of 8 accounts" in first.text
    assert client.post(f"{path}/application", data={"accept_removals": "true"}).status_code == 303


def test_a_step_that_is_over_cannot_be_taken_again(asking: Asking, database: Database) -> None:
    client = asking()
    path = _upload(client, PEOPLE).headers["location"]
    client.post(f"{path}/mapping", data=_mapping(database, path))
    client.post(f"{path}/application")
    assert client.post(f"{path}/application").status_code == 422
    assert client.post(f"{path}/mapping", data=_mapping(database, path)).status_code == 409
    assert client.post(f"{path}/discard").status_code == 409
    assert client.get("/integrations/import/00000000-0000-7000-8000-000000000000").status_code == 404


def test_a_discarded_file_leaves_nothing_behind(asking: Asking, database: Database) -> None:
    client = asking()
    path = _upload(client, PEOPLE).headers["location"]
    client.post(f"{path}/mapping", data=_mapping(database, path))
    assert client.post(f"{path}/discard").status_code == 303
    with database.transaction(read_only=True) as db:
        for table in ("import_parts", "staged_records", "import_changes"):
            assert db.value(sa.text(f"SELECT count(*) FROM {table}")) == 0
    assert client.get(path).status_code == 404
    assert "Spreadsheet: people" not in client.get("/integrations").text


def test_a_spreadsheet_is_a_connection_with_history_and_without_sync(asking: Asking, database: Database) -> None:
    client = asking()
    path = _upload(client, PEOPLE).headers["location"]
    client.post(f"{path}/mapping", data=_mapping(database, path))
    client.post(f"{path}/application")
    assert "Spreadsheet: people" in client.get("/integrations").text
    with database.transaction(read_only=True) as db:
        connection_id = db.value(sa.text("SELECT id FROM connections"))
    assert "Import" in client.get(f"/integrations/{connection_id}").text
    assert client.post(f"/integrations/{connection_id}/syncs").status_code == 409

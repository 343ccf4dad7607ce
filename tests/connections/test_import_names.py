"""The connection of a kind of files is made with a name that is free, whatever others are called."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.apps.models import App
from app.connections import actions
from app.connections.imports import uploading
from app.connections.models import Connection
from app.core.database import Database
from connectors.registry import CONNECTORS
from tests.builders import make_app
from tests.connections import sheets
from tests.connections.site import Asking
from tests.connections.test_imports import ACCOUNTS, PEOPLE


def _upload(client: Any, data: bytes, target: str = "people", app_id: UUID | str = "") -> Any:
    texts = {"target": target, "app_id": str(app_id)}
    return client.post("/integrations/import", data=texts, files={"file": ("file.csv", data)})


def _names(database: Database) -> set[str]:
    with database.transaction(read_only=True) as db:
        return set(db.session.scalars(sa.select(Connection.name)).all())


def test_an_app_that_takes_the_old_name_of_another_has_files_of_its_own(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        renamed = make_app(db, "Figma")
    sheets.apply(database, sheets.bring(database, "accounts", ACCOUNTS, app_id=renamed))
    with database.transaction() as db:
        db.run(sa.update(App).where(App.id == renamed).values(name="Figma old"))
        another = make_app(db, "Figma")
    assert _upload(asking(), ACCOUNTS, "accounts", another).status_code == 303
    assert _names(database) == {"Spreadsheet: accounts of Figma", "Spreadsheet: accounts of Figma (2)"}


def test_a_name_that_was_given_by_hand_is_in_nobodys_way(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        for name in ("spreadsheet: PEOPLE", "Spreadsheet: people (2)"):
            settings = {"base_url": "https://a.example.com/scim", "token": "t"}
            facts: Any = {"name": name, "app_id": make_app(db, name), "settings": settings}
            actions.create_connection(db, sheets.ADMIN, CONNECTORS["scim"], facts)
    assert _upload(asking(), PEOPLE).status_code == 303
    assert "Spreadsheet: people (3)" in _names(database)


def test_names_of_full_length_differ_in_their_number(database: Database, asking: Asking) -> None:
    with database.transaction() as db:
        apps = [make_app(db, "x" * 199 + letter) for letter in "ab"]
    for app_id in apps:
        assert _upload(asking(), ACCOUNTS, "accounts", app_id).status_code == 303
    assert sorted(map(len, _names(database))) == [200, 200]


def test_of_two_first_files_at_once_one_is_taken_and_the_other_is_told(
    asking: Asking, database: Database, monkeypatch: Any
) -> None:
    """Both have looked for a connection, found none and chosen a name before either makes one."""
    both, free_name = Barrier(2), uploading._free_name

    def chosen(*given: Any) -> str:
        name = free_name(*given)
        both.wait(30)
        return name

    monkeypatch.setattr(uploading, "_free_name", chosen)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda client: _upload(client, PEOPLE), [asking(), asking()]))
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    assert "at the same moment" in "".join(answer.text for answer in answers)
    monkeypatch.undo()
    assert _upload(asking(), PEOPLE).status_code == 303
    assert _names(database) == {"Spreadsheet: people"}

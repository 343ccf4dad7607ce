"""How much may be removed, and whose people count, is set here or not at all: changed in the database, nothing is merged."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.connections.models import Connection, ConnectionFacts, open_connection
from app.connections.sync import CHANGED_BY_HAND
from app.core.database import Database
from app.core.errors import Conflict
from tests.builders import make_app
from tests.connections import sheets
from tests.connections.directory import directory, hold, users
from tests.connections.harness import Bench
from tests.connections.site import Asking
from tests.connections.test_import_pages import _mapping, _upload
from tests.connections.test_imports import ACCOUNTS, PEOPLE

ALTERED: list[dict[str, Any]] = [{"removal_percent": 100}, {"removal_count": 1_000}, {"feeds_people": False}]


def _alter(database: Database, changed: dict[str, Any]) -> None:
    with database.transaction() as db:
        db.run(sa.update(Connection).values(changed))


@pytest.mark.parametrize("changed", ALTERED, ids=lambda changed: next(iter(changed)))
def test_a_sync_removes_nothing_by_limits_that_were_not_set_here(bench: Bench, changed: dict[str, Any]) -> None:
    with directory(users(*range(12))) as peer:
        connection = bench.connect(peer, settings={"is_directory": True})
        assert bench.sync(connection, peer).state == "done"
        before = bench.present()
        hold(peer, users(1))
        _alter(bench.database, changed)
        result = bench.sync(connection, peer)
    assert (result.state, result.facts.error) == ("failed", CHANGED_BY_HAND)
    assert bench.present() == before


def test_limits_that_are_changed_while_it_is_read_are_seen_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.connections import merging

    merge = merging.merge

    def altered(*given: Any) -> None:
        _alter(bench.database, ALTERED[0])
        merge(*given)

    with directory(users(*range(12))) as peer:
        connection = bench.connect(peer, settings={"is_directory": True})
        assert bench.sync(connection, peer).state == "done"
        before = bench.present()
        hold(peer, users(1))
        monkeypatch.setattr(merging, "merge", altered)
        assert bench.sync(connection, peer).facts.error == CHANGED_BY_HAND
    assert bench.present() == before


@pytest.mark.parametrize("changed", ALTERED[:2], ids=lambda changed: next(iter(changed)))
def test_a_file_is_neither_previewed_nor_applied_by_them(
    database: Database, asking: Asking, changed: dict[str, Any]
) -> None:
    with database.transaction() as db:
        app_id = make_app(db, "Zoom")
    waiting = sheets.bring(database, "accounts", ACCOUNTS, app_id=app_id)
    path = _upload(asking(), PEOPLE).headers["location"]
    _alter(database, changed)
    with pytest.raises(Conflict, match="changed in the database"):
        sheets.apply(database, waiting)
    answer = asking().post(f"{path}/mapping", data=_mapping(database, path))
    assert answer.status_code == 422
    assert "changed in the database" in answer.text


def test_what_was_sealed_before_the_limits_were_bound_opens(bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection_id = bench.connect(peer)
    with bench.database.transaction() as db:
        row: Any = db.find(Connection, connection_id)
        earlier = ConnectionFacts(settings={"base_url": "https://a.example.com"})
        row.sealed = db.seal(Connection, row.id, earlier, row.connector, row.vault_reference, row.app_id)
        assert open_connection(db, row) == earlier

"""A connection that was changed in the database by hand is said to be, stops nobody else, and is mended or removed here."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.connections.models import Connection
from tests.builders import make_app
from tests.connections.directory import directory, users
from tests.connections.harness import Bench

Asking = Callable[..., TestClient]


def test_it_is_shown_as_altered_and_everything_else_goes_on(bench: Bench, asking: Asking) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        with bench.database.transaction() as db:
            db.run(sa.update(Connection).values(app_id=make_app(db, "Another")))
        client = asking()
        for path in (
            "/integrations",
            f"/integrations/{connection}",
            f"/integrations/{connection}/settings",
            "/integrations/import",
        ):
            answer = client.get(path)
            assert answer.status_code == 200, path
        assert "Altered by hand" in client.get("/integrations").text
        shown = client.get("/api/v1/connections").json()["items"]
        assert [(each["health"], each["settings"], each["secrets"]) for each in shown] == [("altered", {}, [])]


@pytest.mark.parametrize("act", ["change", "remove"])
def test_it_is_mended_by_entering_everything_again_or_removed(bench: Bench, asking: Asking, act: str) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        with bench.database.transaction() as db:
            app_id = make_app(db, "Another")
            db.run(sa.update(Connection).values(app_id=app_id))
        client = asking()
        path = f"/api/v1/connections/{connection}"
        if act == "remove":
            name = {"name": "Directory"}
            assert client.post(f"/integrations/{connection}/remove", data=name).status_code == 303
            assert client.get("/api/v1/connections").json()["items"] == []
            return
        half = {"settings": {"base_url": "https://directory.example.com/v2"}}
        assert client.patch(path, json=half).status_code == 422
        whole = {"app_id": str(app_id), "settings": {**half["settings"], "token": "t", "is_directory": True}}
        answer = client.patch(path, json=whole)
        assert (answer.status_code, answer.json()["health"]) == (200, "never"), answer.text

"""What is done to many apps at once: those ticked, or all that match a query, and never a part of them."""

from collections.abc import Callable
from uuid import uuid4

from fastapi.testclient import TestClient

from app.core.database import Database
from tests.builders import make_account, make_app, make_person
from tests.inventory import events, stored

Asking = Callable[..., TestClient]


def test_ticked_apps_get_a_status_with_one_event_each(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        first, second, third = make_app(db), make_app(db), make_app(db, status="managed")
    sent = {"id": [str(first), str(second), str(third)], "status": "managed", "back": "/apps?view=triage"}
    answer = asking().post("/apps/bulk/status", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/apps?view=triage")
    with database.transaction() as db:
        assert [action for action, _ in events(db)] == ["app.changed", "app.changed"]


def test_a_bulk_act_is_all_or_nothing(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        mine, me = make_app(db), make_person(db)
        used = make_app(db)
        make_account(db, used, person_id=me)
    before, client = stored(database), asking()
    for sent in (
        {"id": [str(mine), str(uuid4())], "status": "managed"},
        {"id": [str(mine), "x"], "status": "managed"},
        {"id": [str(mine)], "status": "root"},
        {"id": [str(mine)]},
        {"status": "managed"},
        {"id": [str(mine)], "status": "managed", "evil": "1"},
        {"matching": "view=triage", "count": "5", "status": "managed"},
        {"matching": "view=triage", "status": "managed"},
        {"matching": "&".join(["q=x"] * 1000), "count": "0", "status": "managed"},
    ):
        assert 400 <= client.post("/apps/bulk/status", data=sent).status_code < 500, sent
    assert client.post("/apps/bulk/owner", data={"id": [str(mine)], "owner": "Nobody"}).status_code == 422
    assert (
        asking("app_owner", me).post("/apps/bulk/status", data={"id": [str(used)], "status": "closed"}).status_code
        == 403
    )
    assert (
        asking("app_owner", me).post("/apps/bulk/status", data={"id": [str(mine)], "status": "closed"}).status_code
        == 404
    )
    assert stored(database) == before


def test_all_matching_means_the_query_as_long_as_the_count_holds(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        for number in range(60):
            make_app(db, f"App {number}")
        make_app(db, "Closed", status="closed")
    client = asking()
    sent = {"matching": "view=triage&q=app", "count": "60", "status": "in_review", "back": "//evil.example"}
    answer = client.post("/apps/bulk/status", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/apps")
    assert client.post("/apps/bulk/status", data=sent).status_code == 409
    with database.transaction() as db:
        assert len(events(db)) == 60


def test_many_apps_get_an_owner(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_person(db, "Ada Byron", "ada@example.com")
        ids = [str(make_app(db, f"App {number}")) for number in range(3)]
    client = asking()
    assert client.post("/apps/bulk/owner", data={"id": ids, "owner": "ada@example.com"}).status_code == 303
    assert "Ada Byron" in client.get("/apps").text
    assert client.post("/apps/bulk/owner", data={"id": ids, "owner": ""}).status_code == 303
    assert "Ada Byron" not in client.get("/apps").text


def test_apps_left_without_an_owner_have_none(asking: Asking, database: Database) -> None:
    client = asking()
    path = client.post("/api/v1/apps", json={"name": "Figma", "owner_email": "sam@agency.example"}).headers["location"]
    app_id = path.rpartition("/")[2]
    assert client.post("/apps/bulk/owner", data={"id": [app_id], "owner": ""}).status_code == 303
    assert client.get(path).json()["owner_email"] == ""

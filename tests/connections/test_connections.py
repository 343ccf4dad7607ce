"""Connections over pages and JSON: who may, what is refused, and where a secret may and may not go."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.access import merging
from app.apps.models import App
from app.connections import runs, testing
from app.connections.models import Connection
from app.core import vault
from app.core.audit import Event
from app.core.database import Database
from app.core.sealed import DoesNotOpen
from tests.builders import make_app
from tests.connections.directory import directory, group, hold, users
from tests.connections.harness import ADMIN, Bench
from tests.connections.site import Asking
from tests.inventory import BAD_BODIES, BAD_TEXTS, SCRIPT, events
from tests.peers.broken_scim import Answer, Directory

TOKEN = "canary-7f3a-token"
ADDRESS = "https://directory.example.com/scim/v2"
JSON = "application/json"


@pytest.fixture
def app_id(database: Database) -> str:
    with database.transaction() as db:
        return str(make_app(db, "Directory app"))


def _form(app: str, **changed: str) -> dict[str, str]:
    return {
        "name": "Directory", "app_id": app, "every_minutes": "60", "removal_percent": "5", "removal_count": "5",
        "settings.base_url": ADDRESS, "settings.token": TOKEN, "settings.is_directory": "true",
        "settings.has_groups": "true", "settings.page_size": "200",
    } | changed  # fmt: skip


def _body(app_id: str, **changed: Any) -> dict[str, Any]:
    settings = {"base_url": ADDRESS, "token": TOKEN}
    return {"connector": "scim", "name": "Directory", "app_id": app_id, "settings": settings} | changed


def _made(asking: Asking, app_id: str) -> str:
    answer = asking(accept=JSON).post("/api/v1/connections", json=_body(app_id))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _secret(database: Database) -> Any:
    with database.transaction() as db:
        row = db.row(sa.select(Connection.id, Connection.vault_reference))
        assert row is not None
        if row.vault_reference is None:
            return None
        return json.loads(vault.read(db, ADMIN, row.vault_reference, label="test", purpose="test"))


# Who may


@pytest.mark.parametrize(
    ("role", "read", "write", "run"),
    [("", 401, 401, 401), ("employee", 403, 403, 403), ("app_owner", 403, 403, 403), ("finance", 200, 403, 403),
     ("auditor", 200, 403, 403), ("security", 200, 403, 202), ("it", 200, 200, 202), ("owner", 200, 200, 202)],
)  # fmt: skip
def test_each_role_reads_changes_and_runs_what_it_may(
    asking: Asking, app_id: str, role: str, read: int, write: int, run: int
) -> None:
    connection = _made(asking, app_id)
    client = asking(role, accept=JSON)
    path = f"/api/v1/connections/{connection}"
    assert {client.get("/api/v1/connections").status_code, client.get(path).status_code} == {read}
    assert client.get("/api/v1/syncs").status_code == read
    assert client.patch(path, json={"name": "Renamed"}).status_code == write
    assert client.post(f"{path}/syncs").status_code == run


# Where the secret goes


def test_a_secret_goes_in_and_never_comes_out(asking: Asking, database: Database, app_id: str) -> None:
    connection = _made(asking, app_id)
    client = asking(accept=JSON)
    for path in ("/api/v1/connections", f"/api/v1/connections/{connection}"):
        assert TOKEN not in client.get(path).text
    pages = asking()
    for path in ("", "/settings", "/remove"):
        assert TOKEN not in pages.get(f"/integrations/{connection}{path}").text
    refused = pages.post("/integrations/new/scim", data=_form(app_id, name=""))
    assert refused.status_code == 422
    assert TOKEN not in refused.text
    assert _secret(database) == {"token": TOKEN}


def test_another_address_needs_the_secret_again(asking: Asking, database: Database, app_id: str) -> None:
    connection = _made(asking, app_id)
    client = asking(accept=JSON)
    for address in ("https://attacker.example.com/scim/v2", "https://directory.example.com/other/v2"):
        answer = client.patch(f"/api/v1/connections/{connection}", json={"settings": {"base_url": address}})
        assert answer.status_code == 422
        assert "enter this again" in answer.text
    assert _secret(database) == {"token": TOKEN}
    with database.transaction() as db:
        found = db.session.scalars(sa.select(Connection)).one()
        from app.connections.models import open_connection

        assert open_connection(db, found).settings["base_url"] == ADDRESS


def test_another_address_needs_a_fresh_code_and_drops_the_old_secret(
    asking: Asking, database: Database, app_id: str
) -> None:
    connection = _made(asking, app_id)
    settings = {"base_url": "https://new.example.com/scim/v2", "token": "another-token"}
    path = f"/api/v1/connections/{connection}"
    assert asking(accept=JSON, minutes=30).patch(path, json={"settings": settings}).status_code == 403
    assert _secret(database) == {"token": TOKEN}
    assert asking(accept=JSON).patch(path, json={"settings": settings}).status_code == 200
    assert _secret(database) == {"token": "another-token"}


def test_other_changes_keep_the_secret_and_need_no_fresh_code(asking: Asking, database: Database, app_id: str) -> None:
    connection = _made(asking, app_id)
    client = asking(accept=JSON, minutes=600)
    answer = client.patch(f"/api/v1/connections/{connection}", json={"name": "Renamed", "settings": {"page_size": 50}})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["settings"]["page_size"]) == ("Renamed", 50)
    assert answer.json()["settings"]["base_url"] == ADDRESS
    assert _secret(database) == {"token": TOKEN}


def test_a_row_changed_by_hand_does_not_open_and_its_secret_stays_where_it_is(bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        with bench.database.transaction() as db:
            other = make_app(db)
            db.run(sa.update(Connection).values(app_id=other))
        result = bench.sync(connection, peer)
        assert result.state == "failed"
        assert "changed in the database" in result.facts.error
        assert peer.asked == []
        with bench.database.transaction() as db, pytest.raises(DoesNotOpen):
            from app.connections.models import open_connection

            open_connection(db, db.session.scalars(sa.select(Connection)).one())


def test_an_address_inside_the_network_is_not_asked(bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        runtime = bench.runtime("http://somewhere-else.example.com")
        with bench.database.transaction() as db:
            found = db.find(Connection, connection, lock=True)
            assert found is not None
            test_id = runs.request_test(db, ADMIN, found).id
        testing.run(runtime, sync_id=str(test_id))
        result = bench.result(test_id)
        assert result.state == "failed"
        assert "127.0.0.1 must be called by https" in result.facts.error
        assert peer.asked == []


# Tests with a named result


@pytest.mark.parametrize(
    ("behave", "state", "said"),
    [
        (Directory(users=users(1)), "done", ""),
        (lambda asked: Answer(401), "failed", "The token was refused by http://127.0.0.1"),
        (lambda asked: Answer(403), "failed", "The token may not read this"),
        (lambda asked: Answer(404), "failed", "does not exist"),
        (lambda asked: Answer(200, b"<html>", "text/html"), "failed", "a web page instead of data"),
        (lambda asked: Answer(302, headers={"Location": "http://169.254.169.254/"}), "failed", "redirects"),
    ],
)
def test_a_test_names_what_is_wrong(bench: Bench, behave: Any, state: str, said: str) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        peer.behave = behave
        with bench.database.transaction() as db:
            found = db.find(Connection, connection, lock=True)
            assert found is not None
            test_id = runs.request_test(db, ADMIN, found).id
        testing.run(bench.runtime(peer.url), sync_id=str(test_id))
    result = bench.result(test_id)
    assert result.state == state
    assert said in result.facts.error
    assert bench.counts("people") == {"people": 0}


# Bad input


@pytest.mark.parametrize("bad", BAD_TEXTS)
@pytest.mark.parametrize("field", ["name", "connector"])
def test_bad_texts_are_refused(asking: Asking, app_id: str, field: str, bad: Any) -> None:
    answer = asking(accept=JSON).post("/api/v1/connections", content=json.dumps(_body(app_id) | {field: bad}))
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("body", BAD_BODIES)
def test_bad_bodies_are_refused(asking: Asking, app_id: str, body: str) -> None:
    content = body.replace("%s", "name").encode("utf-8", "surrogatepass")
    client, headers = asking(accept=JSON), {"content-type": JSON}
    connection = _made(asking, app_id)
    for method, path in (("POST", ""), ("PATCH", f"/{connection}")):
        answer = client.request(method, f"/api/v1/connections{path}", content=content, headers=headers)
        assert answer.status_code < 500
        assert answer.status_code >= 400 or body == '{"%s": "A", "id": "x"}'


@pytest.mark.parametrize(
    "change",
    [
        {"every_minutes": -1}, {"every_minutes": 10**12}, {"every_minutes": "60"}, {"removal_percent": 101},
        {"removal_count": -1}, {"app_id": "x"}, {"app_id": "00000000-0000-7000-8000-000000000000"}, {"connector": "nope"},
        {"connector": "csv_file"}, {"settings": {}}, {"settings": {"base_url": ADDRESS}}, {"settings": [1]},
        {"settings": {"base_url": "javascript:alert(1)", "token": "x"}},
        {"settings": {"base_url": "https://user:secret@example.com", "token": "x"}},  # pragma: allowlist secret
        {"settings": {"base_url": ADDRESS, "token": "a\nb"}}, {"settings": {"base_url": ADDRESS, "token": "x" * 9000}},
        {"settings": {"base_url": ADDRESS, "token": "x", "page_size": 10**9}},
        {"settings": {"base_url": ADDRESS, "token": "x", "surprise": "x"}},
        {"settings": {"base_url": ADDRESS, "token": {"$ne": 1}}}, {"status": "active"}, {"fence": 5}, {"vault_reference": "x"},
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_and_nothing_is_kept(
    asking: Asking, database: Database, app_id: str, change: dict[str, Any]
) -> None:
    answer = asking(accept=JSON).post("/api/v1/connections", json=_body(app_id) | change)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    with database.transaction(read_only=True) as db:
        assert db.value(sa.text("SELECT count(*) FROM connections")) == 0
        assert db.value(sa.text("SELECT count(*) FROM secrets")) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "x" * 201}, {"name": "a\x00b"}, {"every_minutes": "often"}, {"every_minutes": "-5"},
        {"removal_percent": "101"}, {"removal_count": "1e9"}, {"app_id": "nobody"}, {"settings.base_url": ""},
        {"settings.base_url": "ftp://example.com"}, {"settings.token": ""}, {"settings.page_size": "many"},
        {"settings.surprise": "x"}, {"surprise": "x"},
    ],
)  # fmt: skip
def test_a_wrong_form_comes_back_with_what_was_typed(
    asking: Asking, database: Database, app_id: str, change: dict[str, str]
) -> None:
    answer = asking().post("/integrations/new/scim", data=_form(app_id, **change))
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    with database.transaction(read_only=True) as db:
        assert db.value(sa.text("SELECT count(*) FROM connections")) == 0


def test_a_name_exists_once(asking: Asking, app_id: str) -> None:
    _made(asking, app_id)
    assert asking(accept=JSON).post("/api/v1/connections", json=_body(app_id, name="DIRECTORY")).status_code == 409
    assert asking().post("/integrations/new/scim", data=_form(app_id)).status_code == 422


def test_scripts_are_kept_as_typed_and_shown_as_text(asking: Asking, app_id: str) -> None:
    connection = asking(accept=JSON).post("/api/v1/connections", json=_body(app_id, name=SCRIPT)).json()
    assert connection["name"] == SCRIPT
    for path in ("/integrations", f"/integrations/{connection['id']}", f"/integrations/{connection['id']}/settings"):
        assert "<script>alert" not in asking().get(path).text


def test_an_unknown_id_is_not_found(asking: Asking) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    client = asking(accept=JSON)
    assert client.get(f"/api/v1/connections/{nobody}").status_code == 404
    assert client.get(f"/api/v1/syncs/{nobody}").status_code == 404
    assert client.patch(f"/api/v1/connections/{nobody}", json={"name": "x"}).status_code == 404
    assert client.post(f"/api/v1/connections/{nobody}/syncs").status_code == 404
    for path in ("", "/settings", "/remove", f"/syncs/{nobody}"):
        assert asking().get(f"/integrations/{nobody}{path}").status_code == 404


# Syncs and their end


def test_a_sync_is_asked_for_once_and_can_be_read(asking: Asking, app_id: str) -> None:
    connection = _made(asking, app_id)
    client = asking(accept=JSON)
    first = client.post(f"/api/v1/connections/{connection}/syncs")
    assert first.status_code == 202
    assert client.post(f"/api/v1/connections/{connection}/syncs").json()["id"] == first.json()["id"]
    assert client.get(first.headers["location"]).json()["state"] == "queued"
    assert [sync["id"] for sync in client.get("/api/v1/syncs").json()["items"]] == [first.json()["id"]]
    page = asking().get(f"/integrations/{connection}").text
    assert "Sync under way" in page
    assert asking().post(f"/integrations/{connection}/syncs/{first.json()['id']}/stop").status_code == 303
    assert client.get(first.headers["location"]).json()["state"] == "stopped"


def test_a_waiting_sync_says_what_would_go_and_is_approved_on_its_page(asking: Asking, bench: Bench) -> None:
    with directory(users(*range(12)), [group(0, *range(12))]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        hold(peer, users(*range(6)), [group(0, *range(6))])
        waiting = bench.sync(connection, peer)
        page = asking().get(f"/integrations/{connection}").text
        assert "6 of 12 accounts" in page
        assert "Gone" in page
        path = f"/integrations/{connection}/syncs/{waiting.sync.id}"
        assert "person7@corp.local" in asking().get(path).text
        assert asking("security").post(f"{path}/approval").status_code == 403
        assert asking().post(f"{path}/approval").status_code == 303
        assert asking().post(f"{path}/approval").status_code == 409
        from app.connections.sync import run

        run(bench.runtime(peer.url), sync_id=str(waiting.sync.id))
    assert bench.present()["accounts"] == 6
    with bench.database.transaction() as db:
        approved = [facts for action, facts in events(db) if action == Event.SYNC_APPROVED]
    assert approved[0].detail["account"] == 6


def test_a_removed_connection_leaves_people_runs_and_no_secret(asking: Asking, bench: Bench) -> None:
    with directory(users(*range(4)), [group(0, 0, 1)]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
    path = f"/integrations/{connection}"
    assert asking(minutes=30).post(f"{path}/remove", data={"name": "Directory"}).status_code in {303, 403}
    assert bench.present()["accounts"] == 4
    assert asking().post(f"{path}/remove", data={"name": "Wrong"}).status_code == 422
    assert asking().post(f"{path}/remove", data={"name": "Directory"}).status_code == 303
    assert bench.present()["accounts"] == bench.present()["grants"] == 0
    assert bench.counts("people", "secrets", "syncs") == {"people": 4, "secrets": 0, "syncs": 1}
    assert asking().get(path).status_code == 404
    with bench.database.transaction(read_only=True) as db:
        assert db.value(sa.text("SELECT lifecycle_source_id FROM organisation")) is None


def test_a_connection_that_points_elsewhere_does_not_go_on_with_what_it_read(asking: Asking, bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer)
        sync_id = bench.request(connection)
    settings = {"base_url": "https://new.example.com/scim/v2", "token": "another-token"}
    path = f"/api/v1/connections/{connection}"
    assert asking(accept=JSON).patch(path, json={"settings": settings}).status_code == 200
    assert bench.result(sync_id).state == "discarded"


def test_a_lifecycle_source_must_know_people(asking: Asking, bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection = bench.connect(peer, decides=False, settings={"is_directory": False})
    assert asking().post(f"/integrations/{connection}/lifecycle").status_code == 409
    assert isinstance(connection, UUID)


def test_a_connection_whose_app_was_merged_away_belongs_to_the_one_that_stands_for_it(
    asking: Asking, database: Database, app_id: str
) -> None:
    connection = _made(asking, app_id)
    with database.transaction() as db:
        kept, gone = db.find(App, make_app(db, "Kept app")), db.find(App, UUID(app_id))
        assert kept is not None
        assert gone is not None
        merging.merge_apps(db, ADMIN, kept, gone)
        kept_id = str(kept.id)
    client = asking(accept=JSON)
    assert client.get(f"/api/v1/connections/{connection}").json()["app_id"] == kept_id
    page = asking().get(f"/integrations/{connection}/settings").text
    assert re.search(rf'<option value="{kept_id}"[^>]*selected', page)
    sent = _form(kept_id, **{"settings.token": ""})
    assert asking().post(f"/integrations/{connection}/settings", data=sent).status_code == 303


@pytest.mark.parametrize(
    "address",
    [
        "http://directory.example.com/scim", "https://169.254.169.254/", "https://10.0.0.5/", "https://127.1/",
        "https://directory.example.com:22/", "https://①②⑦.0.0.1/", "https://[::1]/scim",
    ],
)  # fmt: skip
def test_an_address_that_no_call_may_go_to_is_not_saved(asking: Asking, app_id: str, address: str) -> None:
    settings = {"base_url": address, "token": TOKEN}
    refused = asking(accept=JSON).post("/api/v1/connections", json=_body(app_id, settings=settings))
    assert refused.status_code == 422
    assert "settings.base_url" in refused.text
    page = asking().post("/integrations/new/scim", data=_form(app_id, **{"settings.base_url": address}))
    assert page.status_code == 422
    connection = _made(asking, app_id)
    changed = asking(accept=JSON).patch(f"/api/v1/connections/{connection}", json={"settings": settings})
    assert changed.status_code == 422
    saved = asking().post(f"/integrations/{connection}/settings", data=_form(app_id, **{"settings.base_url": address}))
    assert saved.status_code == 422

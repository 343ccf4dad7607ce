"""Apps over JSON: refusals first, then lists, one app, additions and changes."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from app.core import clock
from app.core.database import Database
from app.core.permissions import ROLES
from tests.builders import make_account, make_app, make_person
from tests.inventory import BAD_BODIES, BAD_TEXTS, SCRIPT, last_event, stored

PATH = "/api/v1/apps"
Asking = Callable[..., TestClient]


def _names(client: TestClient, query: str = "") -> list[str]:
    return [app["name"] for app in client.get(f"{PATH}?limit=50{query}").json()["items"]]


def _app(database: Database, name: str, **row: object) -> UUID:
    with database.transaction() as db:
        return make_app(db, name, **row)


def test_a_role_reads_and_writes_what_it_may(asking: Asking, database: Database) -> None:
    refused = {"": 401} | dict.fromkeys(("employee", "auditor"), 403)
    with database.transaction() as db:
        person = make_person(db)
    for role in ("", *ROLES):
        client = asking(role, person)
        assert client.get(PATH).status_code == (200 if role else 401)
        assert client.post(PATH, json={"name": f"Of {role}"}).status_code == refused.get(role, 201)


def test_a_bad_text_in_any_field_is_refused_and_nothing_is_written(asking: Asking, database: Database) -> None:
    app_id, client = _app(database, "Figma"), asking()
    before = stored(database)
    for field in ("name", "instance_name", "vendor", "category", "url", "cost_centre"):
        for text in BAD_TEXTS:
            assert client.post(PATH, json={"name": "New", field: text}).status_code == 422, (field, text)
            assert client.patch(f"{PATH}/{app_id}", json={field: text}).status_code == 422, (field, text)
    assert stored(database) == before


def test_a_bad_body_is_refused_and_nothing_is_written(asking: Asking, database: Database) -> None:
    app_id, client = _app(database, "Figma"), asking()
    before = stored(database)
    bodies = [body.replace("%s", "name") for body in BAD_BODIES] + [
        json.dumps({"name": "New", "status": "root"}),
        json.dumps({"name": "New", "owner_id": "me"}),
        json.dumps({"name": "New", "owner_id": str(uuid4())}),
        json.dumps({"name": "New", "owner_email": "not an address"}),
        json.dumps({"name": "New", "notes": "\x00"}),
    ]
    for body in bodies:
        for method, path in (("POST", PATH), ("PATCH", f"{PATH}/{app_id}")):
            answer = client.request(method, path, content=body, headers={"content-type": "application/json"})
            assert 400 <= answer.status_code < 500, (method, body[:60], answer.status_code)
    assert stored(database) == before


def test_a_bad_query_is_refused(asking: Asking) -> None:
    client = asking()
    for query in ("limit=0", "limit=1001", "limit=-1", "limit=9223372036854775808", "limit=x", "cursor=x", "sort=owner",
                  "status=root", "owner_id=1", "has_owner=perhaps"):  # fmt: skip
        assert client.get(f"{PATH}?{query}").status_code == 422, query
    assert client.get(f"{PATH}?q=%00").status_code < 500
    assert client.get(f"{PATH}/not-an-id").status_code == 422
    assert client.get(f"{PATH}/{uuid4()}").status_code == 404


def test_a_name_is_taken_once_for_each_instance(asking: Asking, database: Database) -> None:
    client = asking()
    assert client.post(PATH, json={"name": "Jira"}).status_code == 201
    before = stored(database)
    taken = client.post(PATH, json={"name": "JIRA", "cost_centre": "New one"})
    assert taken.status_code == 409
    assert taken.json()["errors"][0]["field"] == "name"
    assert stored(database) == before
    second = client.post(PATH, json={"name": "Jira", "instance_name": "Engineering"})
    assert second.status_code == 201
    assert client.patch(f"{PATH}/{second.json()['id']}", json={"instance_name": None}).status_code == 409
    assert client.get(f"{PATH}/{second.json()['id']}").json()["instance_name"] == "Engineering"


def test_what_is_absent_stays_and_null_clears(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
    client = asking()
    sent = {"name": "Figma", "vendor": "Figma, Inc.", "owner_id": str(ada), "cost_centre": "4100", "notes": "a\nb"}
    made = client.post(PATH, json=sent)
    path = made.headers["location"]
    assert made.json()["owner"] == "Ada Byron"
    changed = client.patch(path, json={"vendor": None, "owner_id": None, "status": "managed"}).json()
    assert (changed["vendor"], changed["owner_id"], changed["status"]) == ("", None, "managed")
    assert (changed["cost_centre"], changed["notes"], changed["name"]) == ("4100", "a\nb", "Figma")
    assert client.patch(path, json={"cost_centre": None}).json()["cost_centre"] == ""
    assert client.patch(path, json={"name": None}).status_code == 422
    assert client.patch(path, json={"status": None}).status_code == 422


def test_a_change_is_an_event_with_before_and_after_and_no_change_is_none(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada, app_id = make_person(db, "Ada Byron"), make_app(db, "Figma")
    client = asking()
    body = {"status": "managed", "owner_id": str(ada), "notes": "ours"}
    assert client.patch(f"{PATH}/{app_id}", json=body).status_code == 200
    action, facts = last_event(database)
    assert (action, facts.subject) == ("app.changed", "Figma")
    assert {(each.field, each.before, each.after) for each in facts.changes} == {
        ("status", "new", "managed"), ("owner", None, "Ada Byron"), ("notes", None, "ours"),
    }  # fmt: skip
    before = stored(database)
    assert client.patch(f"{PATH}/{app_id}", json=body).status_code == 200
    assert stored(database) == before


def test_a_person_as_owner_ends_the_address_of_a_stranger(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
    client = asking()
    path = client.post(PATH, json={"name": "Figma", "owner_email": "sam@agency.example"}).headers["location"]
    assert client.get(path).json()["owner_email"] == "sam@agency.example"
    assert client.patch(path, json={"owner_id": str(ada)}).json()["owner_email"] == ""


def test_a_repeated_request_adds_one_app(asking: Asking, database: Database) -> None:
    client = asking()
    answers = [client.post(PATH, json={"name": "Figma"}, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert _names(client) == ["Figma"]
    other = client.post(PATH, json={"name": "Zoom"}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 422


def test_text_is_kept_as_typed(asking: Asking) -> None:
    made = asking().post(PATH, json={"name": SCRIPT, "notes": SCRIPT}).json()
    assert (made["name"], made["notes"]) == (SCRIPT, SCRIPT)


def test_apps_are_searched_filtered_and_sorted(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
        make_app(db, "Asana", status="managed", vendor="Asana, Inc.", owner_id=ada)
        make_app(db, "zoom", category="Meetings")
        make_app(db, "Figma", status="closed", source="import")
        make_app(db, "100% Real_Time")
    client = asking()
    assert _names(client) == ["100% Real_Time", "Asana", "Figma", "zoom"]
    assert _names(client, "&sort=-name")[0] == "zoom"
    assert _names(client, "&q=ASA") == ["Asana"]
    assert _names(client, "&q=%25") == ["100% Real_Time"]
    assert _names(client, "&q=l_t") == ["100% Real_Time"]
    assert _names(client, "&status=managed&status=closed") == ["Asana", "Figma"]
    assert _names(client, "&category=Meetings") == ["zoom"]
    assert _names(client, "&source=import") == ["Figma"]
    assert _names(client, f"&owner_id={ada}") == ["Asana"]
    assert _names(client, "&has_owner=false") == ["100% Real_Time", "Figma", "zoom"]


def test_every_app_is_on_exactly_one_page_whatever_the_order(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        made = [make_app(db, f"App {number % 3}", instance_name=str(number)) for number in range(11)]
    client = asking()
    for sort in ("name", "-name", "status", "-status", "changed", "-changed"):
        seen: list[str] = []
        url: str | None = f"{PATH}?limit=3&sort={sort}"
        while url:
            page = client.get(url.removeprefix("http://127.0.0.1:8440")).json()
            seen += [app["id"] for app in page["items"]]
            url = page["next"]
        assert sorted(seen) == sorted(map(str, made)), sort


def test_an_app_owner_sees_and_changes_their_own_apps_only(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        me, stranger, colleague = make_person(db, "Me"), make_person(db, "Stranger"), make_person(db, "Colleague")
        own, used, foreign = make_app(db, "Own", owner_id=me), make_app(db, "Used"), make_app(db, "Foreign")
        make_account(db, used, person_id=me)
        make_account(db, own, person_id=colleague)
        make_account(db, foreign, person_id=stranger)
    client = asking("app_owner", me)
    assert _names(client) == ["Own", "Used"]
    assert _names(client, "&q=Foreign") == []
    assert client.get(f"{PATH}/{foreign}").status_code == 404
    assert client.patch(f"{PATH}/{foreign}", json={"notes": "x"}).status_code == 404
    assert client.patch(f"{PATH}/{used}", json={"notes": "x"}).status_code == 403
    assert client.patch(f"{PATH}/{own}", json={"notes": "x"}).status_code == 200
    assert client.patch(f"{PATH}/{own}", json={"owner_id": str(stranger)}).status_code == 422
    assert client.patch(f"{PATH}/{own}", json={"owner_id": str(colleague)}).status_code == 200


def test_an_app_owner_owns_what_they_add(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        me, colleague = make_person(db, "Me"), make_person(db, "Colleague")
        make_account(db, make_app(db, "Own", owner_id=me), person_id=colleague)
    client = asking("app_owner", me)
    assert client.post(PATH, json={"name": "Mine"}).json()["owner"] == "Me"
    assert client.post(PATH, json={"name": "Theirs", "owner_id": str(colleague)}).status_code == 403
    assert asking("app_owner").post(PATH, json={"name": "Nobody's"}).status_code == 403
    assert _names(client) == ["Mine", "Own"]


def test_an_employee_sees_the_apps_they_have_an_account_in(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        me = make_person(db, "Me")
        used, gone, _ = make_app(db, "Used"), make_app(db, "Gone"), make_app(db, "Foreign", owner_id=me)
        make_account(db, used, person_id=me)
        make_account(db, gone, person_id=me, seen_until=clock.now())
    client = asking("employee", me)
    assert _names(client) == ["Used"]
    assert client.get(f"{PATH}/{gone}").status_code == 404
    assert _names(asking("employee")) == []


def test_an_owner_named_by_an_address_that_is_known_is_that_person(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada", "ada@example.com")
    made = asking().post(PATH, json={"name": "Figma", "owner_email": "Ada@Example.com"}).json()
    assert (made["owner_id"], made["owner_email"]) == (str(ada), "")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "figma"])
def test_an_address_that_no_link_may_lead_to_is_refused_wherever_it_is_sent(asking: Asking, url: str) -> None:
    refused = asking().post(PATH, json={"name": "Figma", "url": url})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"] == "This must be a web address, such as https://example.com."
    form = asking().post("/apps/new", data={"name": "Figma", "status": "new", "url": url})
    assert form.status_code == 422
    assert "Address must be a web address, such as https://example.com." in form.text


def test_a_web_address_is_kept_as_typed(asking: Asking) -> None:
    made = asking().post(PATH, json={"name": "Figma", "url": "http://Figma.example/A?b"}).json()
    assert made["url"] == "http://Figma.example/A?b"

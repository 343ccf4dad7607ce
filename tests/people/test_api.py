"""People over JSON: refusals first, then lists, one person, changes, departures and what sources say."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core import clock
from app.core.audit import Event, EventFacts, EventRow
from app.core.database import Database, Db
from app.core.permissions import ROLES
from app.people.facets import ensure_facet
from app.people.models import Person, PersonEmail
from tests.builders import make_account, make_app, make_person
from tests.people.records import make_record

PATH = "/api/v1/people"
SCRIPT = "<script>alert('1')</script> O'Brien & Söhne"
Asking = Callable[..., TestClient]

# attacks.md 2.5: what a plain stack answers with 5xx, or stores.
BAD_TEXTS = ["\x00", "a\x00b", "a\nb", "\x1b[31m", "x" * 201, "x" * 100_000, 5, 1.5, True, ["x"], {"x": 1}]
BAD_BODIES: list[str] = [
    "", "null", "[]", '"x"', "5", "{", '{"display_name": "\\ud800"}', '{"display_name": NaN}', '{"type": "root"}',
    '{"display_name": "A", "is_admin": true}', '{"display_name": "A", "id": "x"}', '{"display_name": "A", "status": "left"}',
    '{"display_name": "A", "merged_into_id": null}', '{"display_name": "A", "manager_id": 5}',
    '{"display_name": "A", "manager_id": "9223372036854775808"}', '{"display_name": "A", "start_date": "0001-01-01"}',
    '{"display_name": "A", "start_date": "9999-12-31"}', '{"display_name": "A", "start_date": 1e400}',
    '{"display_name": "A", "start_date": "2026-02-30"}', '{"display_name": "A", "email": "not an address"}',
    '{"display_name": "A", "email": "a@b\\u0000.com"}', '{"display_name": "A", "email": "\\u212a@example.com"}',
    '{"display_name": "A", "aliases": ["a@example.com", "nope"]}', '{"display_name": "A", "aliases": "a@example.com"}',
    '{"display_name": {"$ne": ""}}', "[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000,
]  # fmt: skip


def _stored(database: Database) -> tuple[int, int, int]:
    with database.transaction() as db:
        return tuple(  # type: ignore[return-value]
            db.value(sa.select(sa.func.count()).select_from(table)) for table in (Person, PersonEmail, EventRow)
        )


def _events(db: Db) -> list[tuple[str, EventFacts]]:
    rows = db.rows(sa.select(EventRow.__table__).order_by(EventRow.at, EventRow.id))
    return [(row.action, db.open(EventFacts, EventRow, row.id, row.sealed)) for row in rows]


def test_a_role_reads_and_writes_what_it_may(asking: Asking) -> None:
    refused = {"": 401} | dict.fromkeys(("employee", "app_owner", "auditor", "finance", "security"), 403)
    for role in ("", *ROLES):
        client = asking(role)
        assert client.get(PATH).status_code == (200 if role else 401)
        assert client.post(PATH, json={"display_name": "A"}).status_code == refused.get(role, 201)


def test_a_bad_body_is_refused_on_every_route_and_nothing_is_written(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        person_id = make_person(db)
    before = _stored(database)
    client, headers = asking(), {"content-type": "application/json"}
    routes = (("POST", PATH), ("PATCH", f"{PATH}/{person_id}"), ("POST", f"{PATH}/{person_id}/departure"))
    for body in BAD_BODIES:
        for method, path in routes:
            response = client.request(method, path, content=body, headers=headers)
            assert 400 <= response.status_code < 500, (method, path, body[:60], response.text)
            assert response.headers["content-type"] == "application/problem+json"
            assert _stored(database) == before, (method, path, body[:60])


def test_a_bad_text_is_refused_by_field(asking: Asking, database: Database) -> None:
    before = _stored(database)
    client = asking()
    for field in ("display_name", "given_name", "phone", "employee_id", "team", "location", "cost_centre", "job_title"):
        for value in BAD_TEXTS:
            response = client.post(PATH, json={"email": "a@example.com", field: value})
            assert response.status_code == 422, (field, value)
            assert {error["field"].split(".")[0] for error in response.json()["errors"]} == {field}
    assert client.post(PATH, json={"display_name": "x" * 2**20}).status_code == 413
    assert _stored(database) == before


def test_a_bad_question_is_refused(asking: Asking) -> None:
    client = asking()
    for query in (
        "limit=0", "limit=-1", "limit=1001", "limit=9223372036854775808", "limit=x", "cursor=x", "cursor=%00", "sort=salary",
        "sort=--name", "status=gone", "type=root", "email=x", "updated_since=2026-01-01", "q=a&sort=id", f"q={'x' * 201}",
        "updated_since=0001-01-01T00:00:00Z",
    ):  # fmt: skip
        assert client.get(f"{PATH}?{query}").status_code == 422, query


def test_odd_but_lawful_questions_are_answered(asking: Asking) -> None:
    for query in ("q=%00", "q=%25_%27%22", "team=%00", "team=nobody%27--", "q=%F0%9F%A6%84"):
        assert asking().get(f"{PATH}?{query}").json()["items"] == []


def test_what_is_not_there_is_not_found_or_refused(asking: Asking) -> None:
    client = asking()
    tails = (("GET", ""), ("PATCH", ""), ("POST", "/departure"), ("DELETE", "/departure"), ("GET", "/records"))
    for person_id in ("1", "x", "9223372036854775808", "%00", str(uuid4())):
        for method, tail in tails:
            body = {} if method in {"PATCH", "POST"} else None
            assert client.request(method, f"{PATH}/{person_id}{tail}", json=body).status_code in (404, 422)


def test_an_address_is_one_persons_only_and_a_refused_person_leaves_nothing(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_person(db, "Ada", "ada@example.com", aliases=["byron@example.com"])
    before = _stored(database)
    for sent in ({"email": "ADA@example.com"}, {"email": "x@example.com", "aliases": ["Byron@example.com"]}):
        response = asking().post(PATH, json={"display_name": "Eve", "team": "New team", **sent})
        assert response.status_code == 409
    assert _stored(database) == before
    assert asking().get(f"{PATH}?team=New+team").json()["items"] == []


def test_other_letters_are_another_address_and_another_spelling_is_not(asking: Asking) -> None:
    client = asking()
    for address in ("stra\u00dfe@example.com", "strasse@example.com", "ada@b\u00fccher.de"):
        assert client.post(PATH, json={"email": address}).status_code == 201
    for taken in ("ADA@xn--bcher-kva.de", "Strasse@Example.com"):
        assert client.post(PATH, json={"email": taken}).status_code == 409
    found = client.get(PATH, params={"email": "ada@xn--bcher-kva.de"}).json()["items"]
    assert [person["email"] for person in found] == ["ada@b\u00fccher.de"]


def test_a_person_without_name_and_address_is_refused(asking: Asking) -> None:
    response = asking().post(PATH, json={"phone": "1"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "display_name")


def test_nobody_manages_themselves_nor_is_managed_by_nobody(asking: Asking) -> None:
    client = asking()
    made = client.post(PATH, json={"display_name": "A"}).json()
    for manager in (made["id"], str(uuid4())):
        assert client.patch(f"{PATH}/{made['id']}", json={"manager_id": manager}).status_code == 422


def test_nobody_manages_those_whom_they_report_to(asking: Asking) -> None:
    client = asking()
    boss, middle, clerk = (client.post(PATH, json={"display_name": name}).json()["id"] for name in "ABC")
    for person, manager in ((clerk, middle), (middle, boss), (clerk, boss), (clerk, middle)):
        assert client.patch(f"{PATH}/{person}", json={"manager_id": manager}).status_code == 200
    for manager in (middle, clerk):
        answer = client.patch(f"{PATH}/{boss}", json={"manager_id": manager})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "manager_id")


def test_a_person_is_added_whole_and_read_back_as_typed(asking: Asking, database: Database) -> None:
    client = asking()
    sent = {
        "display_name": SCRIPT, "given_name": "=cmd|' /C calc'!A0", "family_name": "א‎ 🦄", "email": "O'Brien@Example.com",
        "aliases": ["ob@corp.local"], "employee_id": "007", "phone": "+44 1", "type": "contractor", "team": SCRIPT,
        "location": "Zürich", "cost_centre": "4100", "job_title": "{{7*7}}", "manager_id": None, "start_date": "2026-12-01",
    }  # fmt: skip
    response = client.post(PATH, json=sent)
    assert response.status_code == 201
    made = response.json()
    assert {name: made[name] for name in sent} == sent
    assert (made["status"], made["status_from"], made["is_manual"]) == ("active", "hand", True)
    assert client.get(response.headers["location"]).json() == made
    with database.transaction() as db:
        [(action, facts)] = _events(db)
    assert (action, facts.subject) == (Event.PERSON_CREATED, SCRIPT)
    assert {change.field: change.after for change in facts.changes}["team"] == SCRIPT


def test_a_patch_changes_what_it_names_and_null_clears(asking: Asking, database: Database) -> None:
    client = asking()
    made = client.post(PATH, json={"display_name": "A", "email": "a@example.com", "team": "IT", "phone": "1"}).json()
    path = f"{PATH}/{made['id']}"
    changed = client.patch(path, json={"team": None, "phone": None, "email": "b@example.com"}).json()
    assert (changed["team"], changed["phone"], changed["email"], changed["display_name"]) == (
        "",
        "",
        "b@example.com",
        "A",
    )
    assert client.patch(path, json={"type": None}).status_code == 422
    assert client.patch(path, json={"display_name": None, "email": None}).status_code == 422
    named = client.patch(path, json={"display_name": None}).json()
    assert named["display_name"] == "b@example.com"
    with database.transaction() as db:
        last = _events(db)[1:]
    assert [action for action, _ in last] == [Event.PERSON_CHANGED, Event.PERSON_CHANGED]
    assert {change.field for change in last[0][1].changes} == {"team", "phone", "email"}
    assert client.get(f"{PATH}?email=a@example.com").json()["items"] == []


def test_a_patch_that_changes_nothing_records_nothing(asking: Asking, database: Database) -> None:
    client = asking()
    made = client.post(PATH, json={"display_name": "A", "team": "IT"}).json()
    before = _stored(database)
    same = client.patch(f"{PATH}/{made['id']}", json={"display_name": "A", "team": "IT"}).json()
    assert same == made
    assert _stored(database) == before


def test_the_same_idempotency_key_adds_one_person(asking: Asking, database: Database) -> None:
    headers = {"Idempotency-Key": "k1"}
    first, again = (asking().post(PATH, json={"display_name": "A"}, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert asking().post(PATH, json={"display_name": "B"}, headers=headers).status_code == 422
    assert _stored(database)[0] == 1


def test_a_list_pages_through_everybody_once_by_id(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        made = [str(make_person(db, f"P{number}")) for number in range(7)]
    client = asking()
    seen, link = [], f"{PATH}?limit=3&status=active"
    while link:
        page = client.get(link).json()
        seen += [person["id"] for person in page["items"]]
        link = page["next"]
    assert seen == made


def test_filters_hold_all_together(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        facets = {f"{kind}_id": ensure_facet(db, kind, f"A {kind}") for kind in ("team", "location", "cost_centre")}  # type: ignore[arg-type]
        ada = make_person(db, "Ada", "ada@example.com", aliases=["al@example.com"], type="contractor", **facets)
        make_person(db, "Eve", status="left")
    client = asking()
    for query in (
        "q=ada", "status=active", "type=contractor", "team=a+TEAM", "location=A+location", "cost_centre=A+cost_centre",
        "email=AL@example.com", "status=active&type=contractor&team=A+team&q=example.com&sort=-team",
        "type=contractor&type=service",
        "q=ada&email=ada@example.com&sort=-name",
    ):  # fmt: skip
        assert [one["id"] for one in client.get(f"{PATH}?{query}").json()["items"]] == [str(ada)], query
    for query in ("team=Nowhere", "status=left&type=contractor", "email=nobody@example.com", "q=ada&status=left"):
        assert client.get(f"{PATH}?{query}").json()["items"] == [], query
    assert client.get(f"{PATH}?q=a").json()["total"] == 2


def test_what_changed_since_a_moment_is_found(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_person(db, changed_at=clock.now() - timedelta(days=2))
        new = make_person(db)
    since = (clock.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert [one["id"] for one in asking().get(PATH, params={"updated_since": since}).json()["items"]] == [str(new)]


@pytest.fixture
def owned(database: Database) -> dict[str, UUID]:
    """An app owner with an app that a colleague uses, and a stranger."""
    with database.transaction() as db:
        owner, colleague, stranger = (
            make_person(db, name) for name in ("Owner One", "Colleague Two", "Stranger Three")
        )
        app_id = make_app(db, owner_id=owner)
        make_account(db, app_id, person_id=colleague)
        make_account(db, make_app(db), person_id=stranger)
    return {"owner": owner, "colleague": colleague, "stranger": stranger}


@pytest.mark.parametrize(
    ("role", "sees"),
    [("employee", {"owner"}), ("app_owner", {"owner", "colleague"}), ("auditor", {"owner", "colleague", "stranger"})],
)
def test_lists_searches_and_single_people_show_only_visible_rows(
    asking: Asking, owned: dict[str, UUID], role: str, sees: set[str]
) -> None:
    client = asking(role, owned["owner"])
    visible = {str(owned[name]) for name in sees}
    for query in (
        "",
        "?q=e",
        "?sort=-name",
        "?sort=email&q=example",
        "?updated_since=2020-01-01T00:00:00Z",
        "?q=e&limit=1000",
    ):
        page = client.get(PATH + query).json()
        assert {one["id"] for one in page["items"]} == visible, query
        assert page.get("total", len(visible)) == len(visible)
    for name, person_id in owned.items():
        expected = 200 if name in sees else 404
        for tail in ("", "/records"):
            assert client.get(f"{PATH}/{person_id}{tail}").status_code == expected


def test_a_user_without_a_person_sees_nobody(asking: Asking, owned: dict[str, UUID]) -> None:
    for role in ("employee", "app_owner"):
        client = asking(role)
        assert client.get(PATH).json()["items"] == client.get(f"{PATH}?q=e").json()["items"] == []
        assert client.get(f"{PATH}/{owned['owner']}").status_code == 404


def test_a_departure_now_later_and_undone(asking: Asking, database: Database) -> None:
    client = asking()
    path = f"{PATH}/{client.post(PATH, json={'display_name': 'A'}).json()['id']}"
    planned = client.post(f"{path}/departure", json={"leaving_date": "2190-01-31"})
    assert planned.status_code == 201
    assert (planned.json()["status"], planned.json()["leaving_date"]) == ("active", "2190-01-31")
    gone = client.post(f"{path}/departure", json={"leaving_date": "2020-01-31"}).json()
    assert (gone["status"], gone["leaving_date"], gone["status_from"]) == ("left", "2020-01-31", "hand")
    assert gone["left_at"] is not None
    assert client.post(f"{path}/departure", json={"leaving_date": "2190-01-31"}).status_code == 409
    back = client.request("DELETE", f"{path}/departure").json()
    assert (back["status"], back["leaving_date"], back["left_at"]) == ("active", None, None)
    now = client.post(f"{path}/departure", json={}).json()
    assert (now["status"], now["leaving_date"]) == ("left", clock.now().date().isoformat())
    with database.transaction() as db:
        actions = [action for action, _ in _events(db)[1:]]
    assert actions == [Event.PERSON_CHANGED, Event.PERSON_LEFT, Event.PERSON_JOINED, Event.PERSON_LEFT]


def test_where_the_lifecycle_source_decides_no_hand_does(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        person_id = make_person(db, status_from="lifecycle")
    before = _stored(database)
    assert asking().post(f"{PATH}/{person_id}/departure", json={}).status_code == 409
    assert asking().request("DELETE", f"{PATH}/{person_id}/departure").status_code == 409
    assert _stored(database) == before


def test_typing_facts_of_a_synced_person_keeps_them_until_the_sources_may_speak_again(
    asking: Asking, database: Database
) -> None:
    with database.transaction() as db:
        path = f"{PATH}/{make_person(db, 'Ada')}"
    client = asking()
    assert client.get(path).json()["is_manual"] is False
    assert client.patch(path, json={"phone": "1"}).json()["is_manual"] is True
    assert client.patch(path, json={"is_manual": False}).json()["is_manual"] is False


def test_what_each_source_says_is_shown_as_it_said_it(asking: Asking, database: Database) -> None:
    connection = uuid4()
    with database.transaction() as db:
        person_id = make_person(db, "Ada")
        make_record(db, person_id, connection, status="left", leaving_date=None, display_name=SCRIPT, team="Sales")
    [record] = asking().get(f"{PATH}/{person_id}/records").json()["items"]
    assert (record["connection_id"], record["display_name"], record["team"], record["status"]) == (
        str(connection), SCRIPT, "Sales", "left",
    )  # fmt: skip


def test_every_route_is_described_with_an_example(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    routes = [(path, method, told) for path, methods in paths.items() for method, told in methods.items()]
    assert len(routes) == 7
    for path, method, told in routes:
        assert told["summary"], (path, method)
        answers = [answer for status, answer in told["responses"].items() if status.startswith("2")]
        assert answers[0]["content"]["application/json"]["example"], (path, method)

"""Accounts over JSON: refusals first, then lists and filters, one with what it holds, what a hand says of it."""

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from app.core import clock
from app.core.database import Database
from app.core.identifiers import new_id
from app.core.permissions import ROLES
from tests.builders import grant, make_account, make_app, make_entitlement, make_person
from tests.inventory import BAD_BODIES, SCRIPT, last_event, stored

PATH = "/api/v1/accounts"
Asking = Callable[..., TestClient]
LONG_AGO = clock.now() - timedelta(days=400)


def _ids(client: TestClient, query: str = "", path: str = PATH) -> set[str]:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return {account["id"] for account in answer.json()["items"]}


def _account(database: Database, **row: object) -> UUID:
    with database.transaction() as db:
        return make_account(db, make_app(db), **row)  # type: ignore[arg-type]


def test_a_role_reads_and_writes_what_it_may(asking: Asking, database: Database) -> None:
    account = _account(database)
    may_write = {"owner", "administrator", "it", "security"}
    for role in ("", *ROLES):
        client = asking(role)
        assert client.get(PATH).status_code == (200 if role else 401)
        expected = 200 if role in may_write else 401 if not role else 404 if role == "app_owner" else 403
        assert client.patch(f"{PATH}/{account}", json={"person_id": None}).status_code == expected, role


def test_a_bad_body_is_refused_and_nothing_is_written(asking: Asking, database: Database) -> None:
    account, client = _account(database), asking()
    before = stored(database)
    bodies = [body.replace("%s", "person_id") for body in BAD_BODIES]
    bodies += [body.replace("%s", "kind") for body in BAD_BODIES]
    bodies += [
        json.dumps(body)
        for body in (
            {"person_id": str(uuid4())}, {"person_id": 5}, {"owner_id": str(uuid4()), "kind": "service"}, {"kind": None},
            {"kind": "root"}, {"kind": "service"}, {"kind": "shared", "owner_id": None}, {"status": "active"},
            {"linked_by": "hand"}, {"app_id": str(uuid4())}, {"kind": "user", "owner_id": str(uuid4())},
        )
    ]  # fmt: skip
    for body in bodies:
        answer = client.patch(f"{PATH}/{account}", content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, (body[:60], answer.status_code)
    assert client.patch(f"{PATH}/{uuid4()}", json={}).status_code == 404
    assert client.patch(f"{PATH}/1", json={}).status_code == 422
    assert stored(database) == before


def test_a_bad_query_is_refused(asking: Asking) -> None:
    client = asking()
    for query in ("limit=0", "limit=1001", "cursor=x", "sort=person", "status=gone", "kind=root", "app_id=1", "linked=maybe",
                  "connection_id=x", "as_of=yesterday", "as_of=2026-01-01T00:00:00", "as_of=9999-12-31T23:59:59Z",
                  "as_of=0001-01-01T00:00:00Z", "unused=2"):  # fmt: skip
        assert client.get(f"{PATH}?{query}").status_code == 422, query
    for text in ("%00", "%ff", "%F0%9F%92%A9", "x" * 320):
        assert client.get(f"{PATH}?q={text}").status_code in {200, 422}


def test_accounts_are_filtered(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada, gone = make_person(db, "Ada Byron", "ada@example.com"), make_person(db, "Bob Leaver", status="left")
        figma, zoom, other = make_app(db, "Figma"), make_app(db, "Zoom"), new_id()
        fresh = clock.now() - timedelta(days=1)
        ids = {
            "ada": make_account(db, figma, person_id=ada, username="Ada.B", email="ADA@example.com", last_login_at=fresh),
            "bob": make_account(db, zoom, person_id=gone, status="suspended", last_login_at=LONG_AGO),
            "stray": make_account(db, zoom, last_login_at=LONG_AGO),
            "robot": make_account(db, zoom, kind="service", owner_id=ada, connection_id=other),
            "past": make_account(db, figma, person_id=ada, seen_until=clock.now()),
            "young": make_account(db, figma, created_in_app_at=fresh),
        }  # fmt: skip
    client = asking()

    def found(query: str) -> set[str]:
        listed = _ids(client, query)
        return {name for name, account_id in ids.items() if str(account_id) in listed}

    assert found("") == {"ada", "bob", "stray", "robot", "young"}
    assert found("gone=true") == {"past"}
    assert found(f"app_id={figma}") == {"ada", "young"}
    assert found(f"person_id={ada}") == {"ada"}
    assert found("status=suspended") == {"bob"}
    assert found("kind=service&kind=shared") == {"robot"}
    assert found("linked=false") == {"stray", "robot", "young"}
    assert found("linked=true") == {"ada", "bob"}
    assert found("leaver=true") == {"bob"}
    assert found("leaver=false") == {"ada", "stray", "robot", "young"}
    assert found("unused=true") == {"stray"}  # not "young", whose sign-ins nobody tells
    assert found(f"connection_id={other}") == {"robot"}
    assert found("q=ada.b") == {"ada"}
    assert found("q=" + quote("Ada@Example.com")) == {"ada"}
    assert found("q=leaver") == {"bob"}
    assert found("q=Ada.") == set()
    assert found("q=byron&app_id=" + str(zoom)) == set()


def test_a_list_can_be_of_any_past_moment(asking: Asking, database: Database) -> None:
    start = clock.now() - timedelta(days=30)
    account = _account(database, seen_from=start, seen_until=start + timedelta(days=10))
    client = asking()

    def listed(days: int) -> bool:
        moment = quote((start + timedelta(days=days)).isoformat())
        return str(account) in _ids(client, f"as_of={moment}")

    assert [listed(days) for days in (-1, 0, 5, 9, 10, 20, 60)] == [False, True, True, True, False, False, False]


def test_every_account_is_on_exactly_one_page_whatever_the_order(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        apps = [make_app(db, name) for name in ("beta", "Alpha", "gamma")]
        made = [
            make_account(
                db, apps[number % 3], status=("active", "inactive")[number % 2], seen_from=LONG_AGO,
                **({"last_login_at": LONG_AGO} if number % 3 else {}),
            )
            for number in range(13)
        ]  # fmt: skip
    client = asking()
    for sort in ("last_login", "status", "seen_from", "app"):
        for direction in ("", "-"):
            seen: list[str] = []
            url: str | None = f"{PATH}?limit=3&sort={direction}{sort}"
            while url:
                page = client.get(url.removeprefix("http://127.0.0.1:8440")).json()
                seen += [account["id"] for account in page["items"]]
                url = page["next"]
            assert sorted(seen) == sorted(map(str, made)), sort


def test_an_account_tells_what_it_holds_and_has_held(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        app_id = make_app(db)
        account = make_account(db, app_id)
        editors, admins = (
            make_entitlement(db, app_id, "Editors"),
            make_entitlement(db, app_id, "Admins", is_privileged=True),
        )
        grant(db, account, editors, seen_from=LONG_AGO, seen_until=clock.now() - timedelta(days=9))
        grant(db, account, editors)
        grant(db, account, admins)
    found = asking().get(f"{PATH}/{account}").json()
    assert [(each["name"], each["is_privileged"], each["seen_until"] is None) for each in found["grants"]] == [
        ("Admins", True, True), ("Editors", False, True), ("Editors", False, False),
    ]  # fmt: skip
    assert found["last_login_at"] is None
    assert found["person_id"] is None


def test_an_account_is_linked_and_unlinked_by_hand(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
        account = make_account(db, make_app(db, "Figma"), username="ada")
    client, path = asking(), f"{PATH}/{account}"
    linked = client.patch(path, json={"person_id": str(ada)}).json()
    assert (linked["person"], linked["linked_by"]) == ("Ada Byron", "hand")
    action, facts = last_event(database)
    assert (action, facts.subject) == ("account.linked", "ada in Figma")
    assert [(each.field, each.before, each.after) for each in facts.changes] == [("person", None, "Ada Byron")]
    before = stored(database)
    assert client.patch(path, json={"person_id": str(ada)}).status_code == 200
    assert client.patch(path, json={}).status_code == 200
    assert stored(database) == before
    unlinked = client.patch(path, json={"person_id": None}).json()
    assert (unlinked["person_id"], unlinked["linked_by"]) == (None, "hand")
    assert last_event(database)[0] == "account.unlinked"


def test_a_service_or_shared_account_needs_an_owner_and_is_nobodys(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron", "ada@example.com")
        account = make_account(db, make_app(db), person_id=ada, email="ada@example.com")
    client, path = asking(), f"{PATH}/{account}"
    refused = client.patch(path, json={"kind": "service"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "owner_id"
    marked = client.patch(path, json={"kind": "service", "owner_id": str(ada)}).json()
    assert (marked["kind"], marked["owner"], marked["person_id"]) == ("service", "Ada Byron", None)
    action, facts = last_event(database)
    assert action == "account.marked"
    assert {each.field for each in facts.changes} == {"kind", "owner", "person"}
    assert client.patch(path, json={"person_id": str(ada)}).status_code == 409
    assert client.patch(path, json={"owner_id": None}).status_code == 422
    again = client.patch(path, json={"kind": "user"}).json()  # matched by its address at once
    assert (again["kind"], again["owner_id"], again["person"], again["linked_by"]) == (
        "user",
        None,
        "Ada Byron",
        "email",
    )


def test_the_accounts_of_a_person_and_of_an_app_are_lists_of_their_own(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada, figma = make_person(db), make_app(db)
        account = make_account(db, figma, person_id=ada)
        make_account(db, make_app(db))
    client = asking()
    assert _ids(client, path=f"/api/v1/people/{ada}/accounts") == {str(account)}
    assert _ids(client, path=f"/api/v1/apps/{figma}/accounts") == {str(account)}
    assert client.get(f"/api/v1/people/{uuid4()}/accounts").status_code == 404
    assert client.get(f"/api/v1/apps/{uuid4()}/accounts").status_code == 404


def test_text_is_kept_as_the_source_wrote_it(asking: Asking, database: Database) -> None:
    account = _account(database, username=SCRIPT, display_name=SCRIPT)
    found = asking().get(f"{PATH}/{account}").json()
    assert (found["username"], found["display_name"]) == (SCRIPT, SCRIPT)

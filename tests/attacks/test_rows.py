"""Rows, not only routes: what is not an app owner's or an employee's does not exist for them, in no list, search or file.

Foreign things bear a mark; not one byte of it may be in any answer, whatever is asked and however.
"""

from collections.abc import Iterator

import pytest

from tests.attacks.estate import MARK, SEARCHED, Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import Answer
from tests.routes import Route, all_routes

WHO = ("app_owner", "employee")
IDS = ("{account_id}", "{app_id}", "{connection_id}", "{person_id}", "{sync_id}", "{user_id}")
LISTS = tuple(
    route for route in all_routes() if route.method == "GET" and "{" not in route.path and route.permission is not None
)
RECORDS = tuple(route for route in all_routes() if route.method == "GET" and any(each in route.path for each in IDS))


def _unmarked(route: Route, answer: Answer) -> None:
    seen = answer.body + b"\n".join(value for _, value in answer.headers)
    assert MARK.lower().encode() not in seen.lower(), f"{route.key} shows what is not theirs"


def _questions(estate: Estate, route: Route) -> Iterator[str]:
    """The route as it is, and with every parameter that could lead to something foreign."""
    yield ""
    foreign = estate.foreign
    for name in ("app_id", "person_id", "connection_id", "owner_id", "subject_id", "actor_id"):
        yield f"{name}={foreign.get(name) or foreign['person_id']}"
    for name in ("q", "find"):
        yield f"{name}={SEARCHED}"
    for name, value in (("email", "boss@corp.example"), ("team", "team"), ("category", "category"), ("source", "")):
        yield f"{name}={SEARCHED}{value}"
    for view in ("leavers", "gone", "unused", "not-linked", "service", "everyone", "left", "all", "no-owner"):
        yield f"view={view}"
    yield "as_of=2026-11-21T00:00:00Z&gone=true&leaver=true"
    yield f"other={foreign['app_id']}"


def test_the_mark_is_there_to_be_found(estate: Estate) -> None:
    seen = [route for route in LISTS if MARK.encode() in estate.ask("owner", "GET", f"{route.path}?q={SEARCHED}").body]
    assert {"/people", "/people.csv", "/apps", "/apps.csv", "/access/accounts", "/access/accounts.csv", "/palette"} <= {
        route.path for route in seen
    }
    for route in RECORDS:
        assert estate.ask("owner", "GET", route.at(**estate.foreign)).status in {200, 303}, route.key


@pytest.mark.parametrize("who", WHO)
def test_no_list_search_or_export_shows_what_is_not_theirs(estate: Estate, who: str) -> None:
    headers = estate.headers(who)
    for route in LISTS:
        if who not in route.roles:
            continue
        for question in _questions(estate, route):
            answer = estate.ask(headers, "GET", f"{route.path}?{question}")
            assert answer.status in {200, 303, 404, 422}, f"{route.key}?{question}: {answer.status}"
            _unmarked(route, answer)


@pytest.mark.parametrize("who", WHO)
def test_a_foreign_record_does_not_exist(estate: Estate, who: str) -> None:
    headers = estate.headers(who)
    for route in RECORDS:
        if who not in route.roles:
            continue
        answer = estate.ask(
            {**headers, "hx-request": "true", "hx-request-type": "partial"}, "GET", route.at(**estate.foreign)
        )
        assert answer.status in {404, 403}, f"{route.key}: {answer.status}"
        assert answer.status == 404 or "/integrations" in route.path or "{user_id}" in route.path
        _unmarked(route, answer)


@pytest.mark.parametrize("who", WHO)
def test_a_record_of_theirs_shows_nothing_foreign_beside_it(estate: Estate, who: str) -> None:
    headers = estate.headers(who)
    persons = ("person_id", "owner_person_id") if who == "app_owner" else ("employee_person_id",)
    seen = 0
    for route in RECORDS:
        if who not in route.roles or (who == "employee" and route.permission == "apps:write"):
            continue
        for person in persons:
            path = route.at(**{**estate.ids, "person_id": estate.ids[person]})
            for question in ("", f"find={SEARCHED}", f"q={SEARCHED}", "view=gone", "view=leavers"):
                answer = estate.ask(
                    {**headers, "hx-request": "true", "hx-request-type": "partial"}, "GET", f"{path}?{question}"
                )
                assert answer.status == 200, f"{route.key}: {answer.status}"
                _unmarked(route, answer)
                seen += 1
    assert seen > 40


def test_an_employee_sees_their_own_record_and_no_colleague_in_the_same_app(estate: Estate) -> None:
    headers = estate.headers("employee")
    for target in ("/people", "/api/v1/people", "/people.csv", "/access/accounts", "/access/accounts.csv",
                   "/api/v1/accounts", f"/apps/{estate.ids['app_id']}/users", "/palette?q=hild",
                   f"/api/v1/apps/{estate.ids['app_id']}/accounts", f"/apps/{estate.ids['app_id']}/users.csv"):  # fmt: skip
        answer = estate.ask(headers, "GET", target)
        assert answer.status == 200
        assert b"Hilda" not in answer.body, target
    assert estate.ask(headers, "GET", f"/people/{estate.ids['person_id']}").status == 404
    assert estate.ask(headers, "GET", f"/access/accounts/{estate.ids['holder_account_id']}").status == 404
    assert b"Emil" in estate.ask(headers, "GET", f"/people/{estate.ids['employee_person_id']}").body


@pytest.mark.parametrize("who", WHO)
def test_nothing_foreign_can_be_changed(estate: Estate, who: str) -> None:
    headers = estate.headers(who)
    before = estate.rows()
    for route in writes():
        if who not in route.roles or not any(each in route.path for each in IDS):
            continue
        sample = samples(estate)[route.key]
        answer = estate.wire.send(type(sample)(sample.sent, estate.foreign).ask(estate, route, headers))
        assert answer.status == 404, f"{route.key}: {answer.status}"
        _unmarked(route, answer)
    assert estate.rows() == before


FOREIGN_IN_A_BODY = (
    ("POST", "/api/v1/apps", {"name": "X", "owner_id": "person_id"}),
    ("PATCH", "/api/v1/apps/{app_id}", {"owner_id": "person_id"}),
    ("PATCH", "/api/v1/accounts/{account_id}", {"person_id": "person_id"}),
    ("PATCH", "/api/v1/accounts/{account_id}", {"kind": "service", "owner_id": "person_id"}),
    ("POST", "/access/accounts/{account_id}/person", {"person_id": "person_id"}),
    ("POST", "/access/accounts/{account_id}/kind", {"kind": "shared", "owner": f"{MARK}.boss@corp.example"}),
    ("POST", "/access/accounts/{account_id}/kind", {"kind": "shared", "owner": f"{MARK} Boss"}),
    ("POST", "/apps/{app_id}/merge", {"other_id": "app_id"}),
    ("POST", "/apps/{app_id}/owner", {"owner": f"{MARK} Boss"}),
    ("POST", "/apps/{app_id}/edit", {"name": "Atlas", "owner": f"{MARK} Boss"}),
    ("POST", "/apps/bulk/status", {"id": "app_id", "status": "closed"}),
    ("POST", "/apps/bulk/owner", {"id": "app_id", "owner": ""}),
    ("POST", "/apps/bulk/status", {"matching": f"q={SEARCHED}", "count": "1", "status": "closed"}),
)


@pytest.mark.parametrize(("method", "path", "sent"), FOREIGN_IN_A_BODY)
def test_a_foreign_id_or_name_in_what_is_sent_is_nobody(
    estate: Estate, method: str, path: str, sent: dict[str, str]
) -> None:
    body = {name: estate.foreign.get(value, value) for name, value in sent.items()}
    headers = estate.headers("app_owner")
    before = estate.rows()
    kind = "json" if path.startswith("/api/") else "form"
    answer = estate.ask(headers, method, path.format(**estate.ids), **{kind: body})
    assert answer.status in {404, 409, 422}, answer.status
    typed = {value.lower() for value in sent.values() if MARK in value}
    text = answer.text.lower()
    for each in typed:
        text = text.replace(each, "")  # a form gives back what was typed
    assert MARK.lower() not in text
    assert estate.rows() == before


def test_an_owner_by_address_says_nothing_about_who_is_known(fresh: Estate) -> None:
    """An address that nobody visible bears is kept as typed, whether or not somebody else bears it."""
    headers = fresh.headers("app_owner")
    nobody, somebody = "someone.else@corp.example", f"{MARK}.boss@corp.example"
    assert len(nobody) == len(somebody)
    told = []
    for address in (nobody, somebody):
        made = fresh.ask(headers, "POST", "/api/v1/apps", json={"name": f"Mine {len(told)}", "owner_email": address})
        told.append((made.status, {name: made.json().get(name) for name in ("owner", "owner_id", "detail", "errors")}))
    assert told[0] == told[1]


def test_users_without_a_person_see_no_rows_unless_their_role_sees_all(fresh: Estate) -> None:
    with fresh.database.transaction() as db:
        from app.login.actions import link_person
        from app.login.models import email_index

        for role in WHO:
            link_person(db, email_index(db, f"{role}@corp.example"), None)
    for role in WHO:
        for path in ("/api/v1/people", "/api/v1/apps", "/api/v1/accounts"):
            assert fresh.ask(role, "GET", path).json()["items"] == [], (role, path)

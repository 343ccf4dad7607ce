"""Every refusal is problem+json for programs and a page for people; neither repeats input nor shows our insides."""

import json
from typing import Annotated, Any

import psycopg
import pytest
import sqlalchemy as sa
from fastapi import Body, FastAPI, Query
from starlette.testclient import TestClient

from app.core.errors import (
    Conflict,
    FieldError,
    Invalid,
    NotAllowed,
    NotFound,
    NotFresh,
    NotSignedIn,
    TooLarge,
    TooMany,
    Unavailable,
)
from app.core.incoming.inputs import Input, Limit, Name, PathId
from app.core.settings import Settings
from app.web import problems
from app.web.shell import Surroundings
from app.web.stack import middleware

ORIGIN = "http://127.0.0.1:8440"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
REFUSALS = [
    NotSignedIn("Sign in."), NotAllowed("Needs more."), NotFresh("Confirm."), NotFound("No such app."), Conflict("Twice."),
    TooLarge("Big."), Invalid("Wrong.", fields=(FieldError("name", "Too long."),)), TooMany("Slow down.", retry_after=7),
    Unavailable("Down."),
]  # fmt: skip
DATABASE = [
    sa.exc.DataError("INSERT canary", {"a": "canary"}, psycopg.errors.NumericValueOutOfRange("canary")),
    psycopg.DataError("canary"),
    sa.exc.OperationalError("SELECT canary", {}, psycopg.OperationalError("canary")),
    sa.exc.TimeoutError("QueuePool canary"),
]


class PersonIn(Input):
    name: Name
    tags: tuple[Name, ...] = ()


@pytest.fixture
def client() -> TestClient:
    app = FastAPI(middleware=middleware(Settings.model_construct(public_url=ORIGIN)), openapi_url=None)
    problems.install(app)
    app.state.shell = lambda _: Surroundings(version="0")

    def raising(error: Exception) -> Any:
        def route() -> None:
            raise error

        return route

    for number, error in enumerate([*REFUSALS, *DATABASE]):
        for prefix in ("/api/v1/", "/pages/"):
            app.add_api_route(f"{prefix}{number}", raising(error), methods=["GET", "POST"])

    @app.post("/api/v1/people")
    def create(person: Annotated[PersonIn, Body()]) -> str:
        return person.name

    @app.get("/api/v1/people/{person_id}")
    def one(person_id: PathId, limit: Annotated[Limit, Query()] = 100) -> str:
        return str(person_id)

    return TestClient(app, base_url=ORIGIN, follow_redirects=False)


def post(client: TestClient, content: bytes | str) -> Any:
    return client.post("/api/v1/people", content=content, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("number", range(len(REFUSALS)), ids=[type(error).__name__ for error in REFUSALS])
def test_a_refusal_is_a_problem_under_the_api_whatever_is_accepted(client: TestClient, number: int) -> None:
    error = REFUSALS[number]
    answer = client.get(f"/api/v1/{number}", headers=PAGE)
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, body["status"]) == (error.status, error.status)
    assert (body["type"], body["title"], body["detail"]) == ("about:blank", error.title, error.message)
    assert body["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
    assert body.get("errors", []) == [{"field": one.field, "message": one.message} for one in error.fields]
    assert answer.headers.get("Retry-After") == ("7" if isinstance(error, TooMany) else None)
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if error.status == 401 else None)


@pytest.mark.parametrize("number", range(len(REFUSALS)), ids=[type(error).__name__ for error in REFUSALS])
def test_a_refusal_is_a_page_for_people(client: TestClient, number: int) -> None:
    error = REFUSALS[number]
    answer = client.get(f"/pages/{number}?a=1", headers=PAGE)
    if isinstance(error, NotSignedIn | NotFresh):
        door = problems.SIGN_IN if isinstance(error, NotSignedIn) else problems.STEP_UP
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"{door}?next=/pages/{number}%3Fa%3D1"
    else:
        assert answer.status_code == error.status
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert error.title in answer.text
        assert error.message in answer.text
        assert all(one.message in answer.text for one in error.fields)
        assert answer.headers.get("Retry-After") == ("7" if isinstance(error, TooMany) else None)


def test_a_part_of_a_page_is_led_to_the_sign_in_as_a_whole_and_a_write_is_not_repeated(client: TestClient) -> None:
    partial = client.get("/pages/0", headers={"HX-Request": "true"})
    assert partial.headers["HX-Redirect"] == f"{problems.SIGN_IN}?next=/pages/0"
    posted = client.post("/pages/0", headers=PAGE)
    assert posted.headers["Location"] == f"{problems.SIGN_IN}?next=/"


def test_a_program_that_asks_a_page_without_html_gets_a_problem(client: TestClient) -> None:
    answer = client.get("/pages/3", headers={"Accept": "application/json"})
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("number", range(len(DATABASE)))
@pytest.mark.parametrize("prefix", ["/api/v1/", "/pages/"])
def test_the_databases_words_are_not_shown(client: TestClient, prefix: str, number: int) -> None:
    answer = client.get(f"{prefix}{len(REFUSALS) + number}", headers=PAGE)
    assert answer.status_code == (422 if number < 2 else 503)
    assert "canary" not in answer.text
    assert "psycopg" not in answer.text


def test_an_address_and_a_method_that_do_not_exist(client: TestClient) -> None:
    missing, wrong = client.get("/api/v1/nothing"), client.delete("/api/v1/people/x")
    assert (missing.status_code, missing.json()["title"]) == (404, "Not found")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET")
    assert "There is nothing here" in client.get("/nothing", headers=PAGE).text


def test_each_wrong_field_has_one_plain_message_and_the_input_is_not_repeated(client: TestClient) -> None:
    answer = post(
        client, json.dumps({"name": "canary" * 100, "tags": ["ok", 5], "canary_role": "admin", "c" * 100_000: 1})
    )
    assert answer.status_code == 422
    errors = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert errors["name"] == "This can have 200 characters at most."
    assert errors["tags.1"] == "This must be text."
    assert errors["canary_role"] == "There is no such field here."
    assert "canarycanary" not in answer.text
    assert len(answer.text) < 2000


@pytest.mark.parametrize(
    "content",
    [
        "{", "", "[]", '"x"', "5", "null",
        "{}", '{"name": NaN}', '{"name": 1e400}', '{"name": "\\ud800"}', '{"\\ud800": 1, "name": "x"}',
        '{"name": "a\\u0000"}', '{"name": "x", "tags": [[[[]]]]}', b'{"name": "\xff"}', '{"name":' + "9" * 5000 + "}",
        "[" * 100_000, '{"name": {"name": {}}}', b"\x00", b"\xef\xbb\xbf{}",
    ],
    ids=range(19),
)  # fmt: skip
def test_odd_json_is_the_senders_mistake(client: TestClient, content: bytes | str) -> None:
    answer = post(client, content)
    assert answer.status_code in {400, 422}
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/x", "/%00", "/9223372036854775808", "/../../etc", "/0190aaaa-0000-7000-8000-000000000001?limit=-1",
        "/0190aaaa-0000-7000-8000-000000000001?limit=99999999999999999999",
        "/0190aaaa-0000-7000-8000-000000000001?limit=%00",
    ],
)  # fmt: skip
def test_odd_ids_and_limits_are_the_senders_mistake(client: TestClient, path: str) -> None:
    assert client.get(f"/api/v1/people{path}").status_code in {404, 422}


def test_a_page_that_cannot_be_drawn_is_still_answered_and_escaped(client: TestClient) -> None:
    client.app.state.shell = lambda _: 1 / 0  # type: ignore[attr-defined]
    answer = client.get("/nothing", headers=PAGE)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text

"""The API and what it must not swallow: every field of every write gets every trap, and nothing of it is half written."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.estate import Estate
from tests.attacks.samples import Sample, samples, writes
from tests.attacks.traps import BODIES, DOUBTFUL, REFUSED, UNKNOWN
from tests.attacks.wire import JSON, Answer, Ask
from tests.routes import Route

ROUTES = [route for route in writes() if route.is_api and route.body is not None]
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def program(estate: Estate) -> dict[str, str]:
    return {"accept": JSON, "authorization": f"Bearer {estate.key('owner')}"}


def _send(estate: Estate, program: dict[str, str], route: Route, **changes: Any) -> Answer:
    return estate.wire.send(samples(estate)[route.key].ask(estate, route, program, **changes))


def _fields(route: Route) -> Iterator[str]:
    assert route.body is not None
    yield from route.body.model_fields


def _is_a_problem(answer: Answer) -> bool:
    return 400 <= answer.status < 500 and answer.header("content-type") == "application/problem+json"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_what_no_field_takes_is_refused_and_names_the_field(
    estate: Estate, program: dict[str, str], route: Route
) -> None:
    before = estate.rows()
    for name in _fields(route):
        for trap, value in REFUSED.items():
            answer = _send(estate, program, route, **{name: value})
            assert _is_a_problem(answer), f"{name} = {trap}: {answer.status}"
            assert answer.status == 422, f"{name} = {trap}: {answer.status}"
            fields = [error["field"] for error in answer.json()["errors"]]
            assert any(field.split(".")[0] == name for field in fields), f"{name} = {trap}: {fields}"
    for name in UNKNOWN:
        if name not in _fields(route):
            answer = _send(estate, program, route, **{name: "owner"})
            assert answer.status == 422, f"{name}: {answer.status}"
    assert estate.rows() == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_a_body_that_is_none_is_refused(estate: Estate, program: dict[str, str], route: Route) -> None:
    before = estate.rows()
    path = samples(estate)[route.key].path(estate, route)
    kind = {**program, "content-type": JSON}
    for trap, body in BODIES.items():
        if trap in {"nothing", "null"} and route.path.endswith("/syncs"):
            continue  # there is nothing to say there
        answer = estate.wire.send(Ask(route.method, path, kind, body))
        assert _is_a_problem(answer), f"{trap}: {answer.status}"
    for large in (b'{"name": "' + b"x" * 10 * MIB + b'"}', [b'{"name": "', *[b"x" * MIB] * 10, b'"}']):
        assert estate.wire.send(Ask(route.method, path, kind, large)).status == 413
    for other in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""):
        sent = Ask(route.method, path, {**program, "content-type": other}, b'{"name": "x"}')
        assert estate.wire.send(sent).status == 415, other
    assert estate.rows() == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_what_some_fields_take_is_taken_or_refused_and_never_a_failure(
    spoiled: Estate, route: Route, every: int
) -> None:
    program = {"accept": JSON, "authorization": f"Bearer {spoiled.key('owner')}"}
    for number, name in enumerate(_fields(route), ROUTES.index(route)):
        for trap, value in list(DOUBTFUL.items())[number % every :: every]:
            answer = _send(spoiled, program, route, **{name: value})
            assert answer.status < 500, f"{name} = {trap}: {answer.status}"
            assert answer.status in {200, 201, 202} or _is_a_problem(answer), f"{name} = {trap}: {answer.status}"


def test_what_is_taken_is_kept_as_it_was_typed(fresh: Estate) -> None:
    program = {"accept": JSON, "authorization": f"Bearer {fresh.key('owner')}"}
    for trap in ("script", "a template", "SQL", "right to left", "full width", "a combining storm", "noncharacters"):
        text = DOUBTFUL[trap]
        made = fresh.ask(program, "POST", "/api/v1/people", json={"display_name": text, "job_title": text})
        assert made.status == 201, trap
        assert (made.json()["display_name"], made.json()["job_title"]) == (text, text)
        read = fresh.ask(program, "GET", made.header("location"))
        assert read.json()["display_name"] == text


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("POST /api/v1/people", "manager_id"),
        ("POST /api/v1/apps", "owner_id"),
        ("PATCH /api/v1/people/{person_id}", "manager_id"),
        ("PATCH /api/v1/apps/{app_id}", "owner_id"),
        ("PATCH /api/v1/accounts/{account_id}", "person_id"),
        ("PATCH /api/v1/accounts/{account_id}", "owner_id"),
        ("POST /api/v1/connections", "app_id"),
        ("PATCH /api/v1/connections/{connection_id}", "app_id"),
    ],
)
def test_an_id_of_nothing_is_refused_wherever_it_is_sent(
    estate: Estate, program: dict[str, str], key: str, field: str
) -> None:
    before = estate.rows()
    route = next(route for route in ROUTES if route.key == key)
    nothing = DOUBTFUL["an id of nothing"]
    assert _send(estate, program, route, **{field: nothing}).status in {404, 422}
    assert estate.rows() == before


def test_what_is_said_of_a_wrong_body_repeats_nothing_of_it(estate: Estate, program: dict[str, str]) -> None:
    sent = {"display_name": ["canary-in-a-list"], "canary-as-a-name": 1, "email": "canary as an address"}
    answer = estate.ask(program, "POST", "/api/v1/people", json=sent)
    assert answer.status == 422
    assert b"canary-in-a-list" not in answer.body
    assert b"canary as an address" not in answer.body


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=40),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=10), inside, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_whatever_is_sent_is_answered_with_less_than_500(spoiled: Estate, data: st.DataObject) -> None:
    program = {"accept": JSON, "authorization": f"Bearer {spoiled.standing_key}"}
    route = data.draw(st.sampled_from(ROUTES))
    sample: Sample = samples(spoiled)[route.key]
    names = st.sampled_from([*_fields(route), "id"]) | st.text(max_size=8)
    changes = data.draw(st.dictionaries(names, ANYTHING, max_size=4))
    whole = changes if data.draw(st.booleans()) else {**(sample.sent or {}), **changes}
    body = json.dumps(whole).encode()
    answer = spoiled.wire.send(Ask(route.method, sample.path(spoiled, route), {**program, "content-type": JSON}, body))
    assert answer.status < 500, body

"""A repeat is one effect (API-05): the same key and body answer the same, whatever else is under that key is refused."""

from collections import Counter
from collections.abc import Callable

import pytest

from app.core.database import CONCURRENCY
from tests.attacks.estate import Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import Ask
from tests.routes import Route

POSTS = [route for route in writes() if route.is_api and route.method == "POST"]
BODY = {"name": "Repeated app", "notes": "once"}


def _program(estate: Estate, role: str = "owner", key: str = "a-key") -> dict[str, str]:
    return {"authorization": f"Bearer {estate.key(role)}", "idempotency-key": key}


def _repeated(estate: Estate) -> int:
    items = estate.ask("owner", "GET", "/api/v1/apps?limit=1000").json()["items"]
    return sum(app["name"].startswith("Repeated") for app in items)


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.key)
def test_every_post_can_be_repeated_and_happens_once(fresh: Estate, route: Route) -> None:
    sample, headers = samples(fresh)[route.key], _program(fresh)
    first = fresh.wire.send(sample.ask(fresh, route, headers))
    before = fresh.rows()
    second = fresh.wire.send(sample.ask(fresh, route, headers))
    assert first.status == sample.status
    assert (second.status, second.body, second.header("location")) == (
        first.status,
        first.body,
        first.header("location"),
    )
    assert fresh.rows() == before


def test_another_body_under_the_same_key_is_refused(fresh: Estate) -> None:
    headers = _program(fresh)
    assert fresh.ask(headers, "POST", "/api/v1/apps", json=BODY).status == 201
    for other in ({**BODY, "notes": "twice"}, {"name": "Repeated app"}, {**BODY, "name": "Repeated app 2"}):
        assert fresh.ask(headers, "POST", "/api/v1/apps", json=other).status in {409, 422}
    assert (
        fresh.ask(headers, "POST", "/api/v1/apps", json=dict(reversed(BODY.items()))).status == 201
    )  # the same, re-ordered
    assert _repeated(fresh) == 1


def test_a_key_is_its_actor_s_and_its_route_s_alone(fresh: Estate) -> None:
    mine, theirs, another = _program(fresh), _program(fresh, "it"), _program(fresh)
    made = [
        fresh.ask(headers, "POST", "/api/v1/apps", json={"name": f"Repeated {number}"})
        for number, headers in enumerate((mine, theirs, another))
    ]
    assert [answer.status for answer in made] == [201, 201, 201]
    assert len({answer.body for answer in made}) == 3
    person = fresh.ask(mine, "POST", "/api/v1/people", json={"display_name": "Repeated 0"})
    assert person.status == 201
    assert "display_name" in person.json()


def test_what_was_refused_may_be_corrected_under_its_key(fresh: Estate) -> None:
    headers = _program(fresh)
    assert fresh.ask(headers, "POST", "/api/v1/apps", json={"name": ""}).status == 422
    assert fresh.ask(headers, "POST", "/api/v1/apps", json={"name": "Atlas"}).status == 409  # there is one already
    assert fresh.ask(headers, "POST", "/api/v1/apps", json=BODY).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_refused(fresh: Estate, key: str) -> None:
    assert fresh.ask(_program(fresh, key=key), "POST", "/api/v1/apps", json=BODY).status == 422
    assert _repeated(fresh) == 0


def test_a_key_is_kept_as_a_mac_and_its_answer_sealed(fresh: Estate) -> None:
    assert fresh.ask(_program(fresh, key="canary-key"), "POST", "/api/v1/apps", json=BODY).status == 201
    with fresh.database.engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT t::text FROM idempotency_keys t").scalar_one()
    for text in ("canary-key", "Repeated app"):
        assert text not in row
        assert text.encode().hex() not in row


def test_parallel_repeats_are_one_effect_and_one_answer(fresh: Estate, counted: Callable[[int, int], int]) -> None:
    for turn in range(counted(5, 50)):
        headers = _program(fresh, key=f"turn {turn}")
        body = {"name": f"Repeated {turn}"}
        asks: list[Ask] = [fresh.prepare(headers, "POST", "/api/v1/apps", json=body) for _ in range(2 * CONCURRENCY)]
        answers = fresh.wire.send_all(asks)
        assert Counter(answer.status for answer in answers) == {201: len(asks)}
        assert len({answer.body for answer in answers}) == 1
        assert _repeated(fresh) == turn + 1

"""Role by route: what the reviewed table refuses is refused, whatever is sent, and changes nothing; the rest is admitted."""

import pytest

from app.core.permissions import ROLES
from tests.attacks.estate import ANYBODY, Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import JSON, Answer
from tests.routes import Route, all_routes

NARROW = ("apps:read",)
GUARDED = tuple(route for route in all_routes() if route.permission is not None)


def _refused_alike(route: Route, answer: Answer) -> None:
    """401 with how to come in for a program, the door for a person; nothing else in it."""
    assert answer.is_refused_to_strangers, f"{route.key}: {answer.status}"
    if route.is_api:
        assert (answer.status, answer.header("content-type")) == (401, "application/problem+json")
        assert answer.header("www-authenticate") == "Bearer"
    elif answer.status == 303:
        assert answer.body == b""


def _good(estate: Estate, route: Route, headers: dict[str, str]) -> Answer:
    """A request in which nothing is wrong but who sends it."""
    if route.is_write:
        return estate.wire.send(samples(estate)[route.key].ask(estate, route, headers))
    return estate.ask(headers, route.method, route.at(**estate.ids))


def test_every_route_that_changes_something_has_a_sample(estate: Estate) -> None:
    assert [route.key for route in writes() if route.key not in samples(estate)] == []


def test_every_sample_is_what_an_owner_may_send(fresh: Estate) -> None:
    wrong = []
    for route, (key, sample) in zip(writes(), samples(fresh).items(), strict=True):
        assert route.key == key
        answer = fresh.wire.send(sample.ask(fresh, route, fresh.headers("owner")))
        if answer.status != sample.status:
            wrong.append((key, answer.status, answer.text[-300:] if "json" in answer.header("content-type") else ""))
    assert not wrong, wrong


@pytest.mark.parametrize("who", [*ANYBODY, "key:nobody"])
def test_who_is_not_signed_in_gets_nowhere_and_changes_nothing(estate: Estate, who: str) -> None:
    headers = {"accept": JSON, "authorization": "Bearer swk_0_0_0"} if who == "key:nobody" else estate.headers(who)
    evidence = ("events", "throttle") if who == "key:nobody" else ()  # a refused key is remembered
    before = estate.rows(but=evidence)
    for route in GUARDED:
        _refused_alike(route, _good(estate, route, headers))
    assert estate.rows(but=evidence) == before


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_what_the_table_refuses_it_and_changes_nothing(estate: Estate, role: str) -> None:
    headers = estate.headers(role)
    refused = [route for route in GUARDED if role not in route.roles]
    before = estate.rows()
    for route in refused:
        answer = _good(estate, route, headers)
        assert answer.status == 403, f"{route.key}: {answer.status}"
    assert estate.rows() == before
    assert bool(refused) == (role not in {"owner", "administrator"})


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_admitted_where_the_table_admits_it(estate: Estate, role: str) -> None:
    headers = estate.headers(role)
    for route in GUARDED:
        if role not in route.roles:
            continue
        if route.is_write:
            headers = estate.headers(role)  # some end the session
        ids = {**estate.ids, "person_id": estate.ids[f"{'employee' if role == 'employee' else 'owner'}_person_id"]}
        sent = {} if not route.is_write else {"json" if route.is_api else "form": {}}
        answer = estate.ask(headers, route.method, route.at(**_nowhere(ids) if route.is_write else ids), **sent)
        assert not answer.is_refused_to_strangers, route.key
        assert answer.status in ({404, 409, 422, 200, 303} if route.is_write else {200, 303, 404}), (
            f"{route.key}: {answer.status}"
        )


@pytest.mark.parametrize("role", ["owner", "it", "security"])
def test_a_key_may_what_its_scopes_and_its_owner_may_over_the_api_and_nothing_else(estate: Estate, role: str) -> None:
    everything = {"accept": JSON, "authorization": f"Bearer {estate.key(role)}"}
    narrow = {"accept": JSON, "authorization": f"Bearer {estate.key(role, NARROW)}"}
    before = estate.rows()
    for route in GUARDED:
        if not route.is_api:
            assert _good(estate, route, everything).is_refused_to_strangers, route.key
            continue
        if route.permission not in NARROW:
            assert _good(estate, route, narrow).status == 403, route.key
        if not (role in route.roles and route.takes_keys):
            assert _good(estate, route, everything).status == 403, route.key
    assert estate.rows() == before
    for route in GUARDED:
        if route.is_api and not route.is_write and role in route.roles and route.takes_keys:
            assert _good(estate, route, everything).status == 200, route.key
            assert _good(estate, route, narrow).status == (200 if route.permission in NARROW else 403), route.key


def test_a_key_is_never_minted_with_more_than_its_maker_has_or_a_key_may_have(estate: Estate) -> None:
    for role, scope in (("it", "trail:read"), ("security", "people:write"), ("owner", "users:write"), ("owner", "x")):
        headers = estate.headers(role)
        before = estate.rows()
        sent = {"name": "k", "scopes": [scope, "apps:read"], "days": 30}
        assert estate.ask(headers, "POST", "/settings/api-keys", form=sent).status == 422
        assert estate.rows() == before


def _nowhere(ids: dict[str, str]) -> dict[str, str]:
    return {
        name: "01939b8e-7c00-7000-8000-00000000dead" if name.endswith("_id") else value for name, value in ids.items()
    }

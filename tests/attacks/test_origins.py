"""What another site makes a browser send (WEB-01): refused on every route that changes something, and nothing changes."""

import pytest

from tests.attacks.estate import Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import ORIGIN, Ask
from tests.routes import all_routes

EVIL = "https://evil.example"
# What a browser says, by who made it send; None leaves a header out.
FOREIGN: dict[str, dict[str, str | None]] = {
    "another site": {"sec-fetch-site": "cross-site", "origin": EVIL},
    "another site, with an origin that it made up": {"sec-fetch-site": "cross-site", "origin": ORIGIN},
    "a sub-domain": {"sec-fetch-site": "same-site", "origin": "https://blog.stackwarden.example.com"},
    "the address bar": {"sec-fetch-site": "none", "origin": None},
    "a value that is none": {"sec-fetch-site": "same-origin, cross-site", "origin": ORIGIN},
    "an old browser on another site": {"sec-fetch-site": None, "origin": EVIL},
    "an old browser in a sandbox": {"sec-fetch-site": None, "origin": "null"},
    "an old browser that says nothing": {"sec-fetch-site": None, "origin": None},
    "an origin that begins like ours": {"sec-fetch-site": None, "origin": f"{ORIGIN}.evil.example"},
    "an origin that ends like ours": {"sec-fetch-site": None, "origin": "https://evil-stackwarden.example.com"},
    "our name without TLS": {"sec-fetch-site": None, "origin": ORIGIN.replace("https", "http")},
    "our name on another port": {"sec-fetch-site": None, "origin": f"{ORIGIN}:8443"},
    "our address as a path": {"sec-fetch-site": None, "origin": f"{EVIL}/{ORIGIN}"},
    "two origins": {"sec-fetch-site": None, "origin": f"{ORIGIN} {EVIL}"},
}


def _said(headers: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    merged = {**headers, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize("site", FOREIGN)
def test_a_write_that_another_site_caused_changes_nothing(estate: Estate, site: str) -> None:
    headers = estate.headers("owner")
    before = estate.rows()
    for route in writes():
        asked = samples(estate)[route.key].ask(estate, route, headers)
        asked = Ask(asked.method, asked.target, _said(dict(asked.headers), FOREIGN[site]), asked.body)
        answer = estate.wire.send(asked)
        assert answer.status == 403, f"{route.key}: {answer.status}"
        assert answer.every("set-cookie") == [], route.key
    assert estate.rows() == before


def test_a_key_does_not_excuse_a_cookie_from_saying_where_it_comes_from(estate: Estate) -> None:
    headers = {**estate.headers("owner"), "authorization": f"Bearer {estate.key('owner')}"}
    before = estate.rows()
    for route in writes():
        if route.is_api:
            asked = samples(estate)[route.key].ask(estate, route, headers)
            refused = Ask(asked.method, asked.target, _said(dict(asked.headers), FOREIGN["another site"]), asked.body)
            assert estate.wire.send(refused).status == 403, route.key
            assert estate.wire.send(asked).status == 400, route.key  # a key or a session, not both
    assert estate.rows() == before


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; application/json", "", "application/csp-report"])
def test_a_body_of_a_kind_that_a_foreign_page_can_send_unasked_is_refused(estate: Estate, kind: str) -> None:
    headers = estate.headers("owner")
    before = estate.rows()
    for route in writes():
        asked = samples(estate)[route.key].ask(estate, route, headers)
        answer = estate.wire.send(
            Ask(asked.method, asked.target, {**dict(asked.headers), "content-type": kind}, b'{"a":1}')
        )
        assert answer.status == 415, f"{route.key}: {answer.status}"
    assert estate.rows() == before


@pytest.mark.parametrize(
    "override", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method in the address"]
)
def test_a_read_stays_a_read_whatever_it_says_of_its_method(estate: Estate, override: str) -> None:
    headers = estate.headers("owner")
    before = estate.rows(but=("totp_enrolments",))
    for route in writes():
        path = samples(estate)[route.key].path(estate, route)
        more = {} if " " in override else {override: route.method}
        target = f"{path}?_method={route.method}" if " " in override else path
        answer = estate.ask({**headers, **FOREIGN["another site"], **more}, "GET", target)  # type: ignore[dict-item]
        assert answer.status in {200, 303, 404, 405, 422}, f"{route.key}: {answer.status}"
    assert estate.rows(but=("totp_enrolments",)) == before


def test_reading_changes_nothing(estate: Estate) -> None:
    """But for the event of an export, a seed that is shown, and links, which are used up by being opened."""
    but = ("totp_enrolments", "events")
    headers = estate.headers("owner")
    before = estate.rows(but=but)
    for route in all_routes():
        if route.method == "GET":
            for ids in (estate.ids, estate.foreign):
                estate.ask({**headers, **FOREIGN["another site"]}, "GET", route.at(**ids))  # type: ignore[dict-item]
    assert estate.rows(but=but) == before


def test_no_answer_lets_another_site_read_it(estate: Estate) -> None:
    headers = {**estate.headers("owner"), "origin": EVIL, "sec-fetch-site": "cross-site"}
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for route in all_routes():
        if route.method == "MOUNT":
            continue
        for method in ("GET", "OPTIONS"):
            answer = estate.ask({**headers, **asked}, method, route.at(**estate.ids))
            allowed = [name for name, _ in answer.headers if name.startswith(b"access-control-")]
            assert allowed == [], f"{method} {route.path}"
            assert answer.header("cross-origin-resource-policy") == "same-origin"

"""The head of every answer, whoever asks and whatever comes of it; and requests that two readers could read differently."""

import re
from collections.abc import Iterator

import pytest

from tests.attacks.estate import Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import FORM, JSON, ORIGIN, Answer, Ask
from tests.routes import all_routes

ONCE = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=()",
    "strict-transport-security": "max-age=63072000",
    "x-request-id": "",
}
SAYS_TOO_MUCH = ("server", "x-powered-by", "via", "x-runtime", "x-version", "etag-version")


def _is_dressed(answer: Answer, what: str, *, is_static: bool = False) -> None:
    for name, holds in ONCE.items():
        assert len(answer.every(name)) == 1, f"{what}: {name}"
        assert holds in answer.header(name), f"{what}: {name}"
    policy = answer.header("content-security-policy")
    for forbidden in ("unsafe-", "http:", "https:", "data:", "*"):
        assert forbidden not in policy, what
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy or "form-action 'none'" in policy
    assert not [name for name in SAYS_TOO_MUCH if answer.every(name)], what
    if not is_static:
        assert answer.header("cache-control") == "no-store", what
    if answer.body:
        assert answer.header("content-type"), what
    for cookie in answer.every("set-cookie"):
        _is_guarded(cookie, what)


def _is_guarded(cookie: str, what: str) -> None:
    name, *attributes = (part.strip() for part in cookie.split(";"))
    lowered = {attribute.lower() for attribute in attributes}
    assert name.startswith("__Host-"), f"{what}: {name}"
    assert {"secure", "httponly", "path=/"} <= lowered, f"{what}: {cookie}"
    assert lowered & {"samesite=lax", "samesite=strict", "samesite=none"}, what
    assert not [each for each in lowered if each.startswith("domain")], what


@pytest.mark.parametrize("who", ["owner", "employee", "anonymous"])
def test_every_page_and_answer_is_dressed(estate: Estate, who: str) -> None:
    headers = estate.headers(who)
    for route in all_routes():
        if route.method == "GET":
            for accept in ("text/html", JSON):
                answer = estate.ask({**headers, "accept": accept}, "GET", route.at(**estate.ids))
                _is_dressed(answer, route.key)


def test_every_refusal_is_dressed(estate: Estate) -> None:
    for what, ask in _refused(estate):
        for accept in ("text/html", JSON):
            answer = estate.wire.send(
                Ask(ask.method, ask.target, {**dict(ask.headers), "accept": accept}, ask.body, ask.host)
            )
            assert answer.status == int(what[:3]), f"{what}: {answer.status}"
            _is_dressed(answer, what)


def _refused(estate: Estate) -> Iterator[tuple[str, Ask]]:
    owner, employee, nobody = (estate.headers(who) for who in ("owner", "employee", "anonymous"))
    form = {**owner, "content-type": FORM}
    app = f"/apps/{estate.ids['app_id']}"
    yield "400 two keys", Ask("GET", "/api/v1/me", {**owner, "authorization": "Bearer swk_x"})
    yield "401 nobody", Ask("GET", "/api/v1/apps", nobody)
    yield "403 not theirs to do", Ask("GET", "/audit-trail", employee)
    yield "403 from elsewhere", Ask("POST", "/apps/new", {**form, "sec-fetch-site": "cross-site"})
    yield "404 no such page", Ask("GET", "/no/such/page", owner)
    yield "404 no such app", Ask("GET", "/apps/01939b8e-7c00-7000-8000-00000000dead", owner)
    yield "405 no such method", Ask("DELETE", app, form)
    yield (
        "409 not now",
        Ask("POST", f"/integrations/{estate.ids['connection_id']}/syncs/{estate.ids['sync_id']}/approval", form),
    )
    yield "413 too large", Ask("POST", "/apps/new", form, b"name=" + b"x" * 1_100_000)
    yield "415 wrong kind", Ask("POST", "/apps/new", {**owner, "content-type": "text/plain"}, b"x")
    yield "421 wrong host", Ask("GET", "/apps", owner, host=b"evil.example")
    yield "422 wrong", Ask("POST", "/apps/new", form, b"name=")


def test_what_a_page_names_to_load_is_there_and_may_be_kept(estate: Estate) -> None:
    page = estate.ask("anonymous", "GET", "/sign-in").text
    named = sorted(set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)))
    assert len(named) > 2
    for path in named:
        answer = estate.ask({}, "GET", path)
        assert answer.status == 200
        assert "immutable" in answer.header("cache-control")
        _is_dressed(answer, path, is_static=True)
    for path in (
        "/static/",
        "/static",
        "/static/../main.py",
        "/static/%2e%2e/main.py",
        "/static/manifest.json%00",
        "/static/x",
    ):
        assert estate.ask({}, "GET", path).status in {307, 404, 405, 400}, path


@pytest.mark.parametrize(
    "path", ["/settings/x.css", "/people/x.css", "/apps/x.js", "/settings/security/x.css", "/x.css"]
)
def test_a_page_is_never_kept_because_its_address_looks_like_a_file(estate: Estate, path: str) -> None:
    answer = estate.ask("owner", "GET", path)
    assert answer.status in {404, 422}
    assert answer.header("cache-control") == "no-store"


def test_a_host_that_is_not_ours_is_answered_with_nothing_but_that(estate: Estate) -> None:
    headers = estate.headers("owner")
    for host in (b"evil.example", b"", None, b"stackwarden.example.com.evil.example", b"stackwarden.example.com:8443",
                 b"evil@stackwarden.example.com", b"127.0.0.1:8440", b"\xff\xfe", b"stackwarden.example.com\t"):  # fmt: skip
        for route in all_routes():
            if route.method == "GET" and route.path not in {"/healthz", "/readyz"}:
                answer = estate.wire.send(Ask("GET", route.at(**estate.ids), headers, host=host))
                assert answer.status == 421, f"{route.path} {host!r}"
                assert b"evil" not in answer.body


def test_no_link_or_redirect_is_made_from_what_a_request_says_of_its_host(estate: Estate) -> None:
    lies = {
        "x-forwarded-host": "evil.example", "x-forwarded-proto": "gopher", "x-forwarded-server": "evil.example",
        "forwarded": "host=evil.example;proto=http", "x-host": "evil.example", "x-original-url": "/evil",
        "x-rewrite-url": "/evil", "x-forwarded-prefix": "/evil", "x-real-ip": "203.0.113.9",
    }  # fmt: skip
    for who in ("owner", "anonymous"):
        headers = {**estate.headers(who), **lies}
        for route in all_routes():
            if route.method == "GET":
                answer = estate.ask(headers, "GET", route.at(**estate.ids))
                assert re.search(rb"evil\.|/evil|gopher", answer.body) is None, route.key
                assert "evil" not in answer.header("location"), route.key
    link = estate.ask({**estate.headers("owner"), **lies}, "GET", "/api/v1/people?limit=1").json()["next"]
    assert link.startswith(f"{ORIGIN}/api/v1/people?")


def test_what_can_be_read_in_two_ways_is_refused(estate: Estate) -> None:
    session = estate.cookie("owner")
    one = [("accept", "text/html"), ("sec-fetch-site", "same-origin"), ("origin", ORIGIN)]
    asks = {
        "two hosts": [("cookie", session), ("host", "evil.example")],
        "two sessions": [("cookie", f"{session}; __Host-session=other")],
        "two sessions in two headers": [("cookie", session), ("cookie", "__Host-session=other")],
        "a session twice": [("cookie", f"{session}; {session}")],
        "two lengths": [("cookie", session), ("content-length", "0"), ("content-length", "1")],
        "a length and chunks": [("cookie", session), ("content-length", "0"), ("transfer-encoding", "chunked")],
        "two origins": [("cookie", session), ("origin", "https://evil.example")],
        "two kinds": [("cookie", session), ("content-type", FORM), ("content-type", JSON)],
        "two keys": [("authorization", "Bearer a"), ("authorization", "Bearer b")],
    }
    for what, more in asks.items():
        headers = [(name.encode(), value.encode()) for name, value in (*one, *more)]
        for method, path in (("GET", "/apps"), ("POST", "/apps/new"), ("GET", "/api/v1/apps")):
            answer = estate.wire.send(Ask(method, path, headers))
            assert answer.status == 400, f"{what} {path}: {answer.status}"
            assert answer.every("set-cookie") == []


def test_a_session_in_a_cookie_of_another_name_or_place_is_none(estate: Estate) -> None:
    name, _, value = estate.cookie("owner").partition("=")
    for cookie in (f"session={value}", f"{name.lower()}={value}", f"__Secure-session={value}", f"{name}=", f'{name}="{value}"',
                   f"{name} ={value}x", f"a={name}={value}", f"{name}={value[:-1]}", f"{name}={value}A"):  # fmt: skip
        assert estate.ask({"accept": "text/html", "cookie": cookie}, "GET", "/apps").is_refused_to_strangers, cookie
    for headers in ({"authorization": f"Bearer {value}"}, {"x-session": value}):
        assert estate.ask(headers, "GET", "/api/v1/apps").status == 401
    assert estate.ask({"accept": "text/html"}, "GET", f"/apps?{name}={value}&session={value}").is_refused_to_strangers


def test_a_key_is_taken_from_its_header_and_from_nowhere_else(estate: Estate) -> None:
    key = estate.key("owner")
    for headers in ({"authorization": key}, {"authorization": f"Basic {key}"}, {"authorization": f"Token {key}"},
                    {"x-api-key": key}, {"cookie": f"__Host-session={key}"}, {"cookie": f"api_key={key}"},
                    {"authorization": f"Bearer {key}x"}, {"authorization": f"Bearer {key[:-1]}"},
                    {"authorization": f"Bearer {key.upper()}"}, {"proxy-authorization": f"Bearer {key}"}):  # fmt: skip
        assert estate.ask(headers, "GET", "/api/v1/apps").status == 401, sorted(headers)
    for query in ("key", "api_key", "token", "access_token", "authorization"):
        assert estate.ask({}, "GET", f"/api/v1/apps?{query}={key}").status in {401, 422}
    assert estate.ask({"authorization": f"Bearer {key}"}, "GET", "/api/v1/apps").status == 200
    assert estate.ask({"authorization": f"bearer  {key} "}, "GET", "/api/v1/apps").status == 200


def test_a_write_is_dressed_too(spoiled: Estate) -> None:
    for route in writes():
        headers = spoiled.headers("owner")
        answer = spoiled.wire.send(samples(spoiled)[route.key].ask(spoiled, route, headers))
        _is_dressed(answer, route.key)

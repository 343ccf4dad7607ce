"""The client that connectors speak through, against a server that does what it is told."""

from collections.abc import Iterator
from email.utils import formatdate

import pytest

from connectors.sdk.client import Client
from connectors.sdk.errors import BrokenAnswer, ConfigurationError, CredentialRefused, NotReachable, RateLimited
from connectors.sdk.http import Response, address, origin, retry_after
from connectors.sdk.redaction import Secret, scrub, shown
from tests.connectors.plain_http import PlainHttp
from tests.peers.broken_scim import Answer, answer, first, serving


@pytest.fixture
def client() -> Iterator[Client]:
    http = PlainHttp()
    yield Client(http, sleep=lambda _: None)
    http.close()


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/next",
        "//evil.example/next",
        "http://127.0.0.1:1/next",
        "http://127.0.0.1.evil.example/next",
        "http://user@{host}/next",
        "ftp://{host}/next",
        "http://[::1/next",
        "\\\\evil.example\\next",
        "javascript:alert(1)",
    ],
)
def test_a_next_link_to_anywhere_else_is_not_followed(client: Client, link: str) -> None:
    with serving(lambda _: answer({})) as peer:
        host = origin(peer.url)
        target = link.format(host=f"{host[1]}:{host[2]}")
        if link.startswith("\\"):
            assert client.api(peer.url).link(target).startswith("http://127.0.0.1:")  # only a strange path
            return
        with pytest.raises(BrokenAnswer, match="points to another server"):
            client.api(peer.url).follow(target, dict)
        assert peer.asked == []


def test_a_next_link_on_the_same_host_is_followed_relative_or_whole(client: Client) -> None:
    with serving(lambda asked: answer({"path": asked.path, "query": asked.query})) as peer:
        api = client.api(peer.url, bearer=Secret("abc"))
        whole = peer.url.replace("/scim/v2", "/other?page=2").replace("http://", "HTTP://")
        assert api.follow(whole, dict) == {"path": "/other", "query": {"page": "2"}}
        assert api.follow("Users?page=2", dict)["path"] == "/scim/v2/Users"
        assert {asked.authorization for asked in peer.asked} == {"Bearer abc"}


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "töken", "a\0"])
def test_a_token_that_cannot_be_a_header_is_refused_before_it_is_sent(client: Client, token: str) -> None:
    with pytest.raises(ConfigurationError, match="Copy it again"):
        client.api("https://corp.example", bearer=Secret(token))


def test_headers_other_than_bearer_are_secret_too(client: Client) -> None:
    def repeating(_: object) -> Answer:
        return answer({"message": "unknown key k3y-of-ours"}, 422)

    with serving(repeating) as peer, pytest.raises(BrokenAnswer, match=r"unknown key \*\*\*"):
        client.api(peer.url, headers={"X-Api-Key": Secret("k3y-of-ours")}).get("x", dict)


def test_an_answer_over_50_mb_is_refused_whoever_let_it_through() -> None:
    class Generous:
        def request(self, *_: object, **__: object) -> Response:
            return Response(200, {}, b" " * (50 * 1024 * 1024 + 1))

    with pytest.raises(BrokenAnswer, match="larger than 50 MB"):
        Client(Generous()).api("https://corp.example").get("x", dict)


def test_a_sleep_that_stops_the_sync_is_obeyed() -> None:
    class Stopped(Exception):
        pass

    def stop(_: float) -> None:
        raise Stopped

    http = PlainHttp()
    with serving(lambda _: answer({}, 503)) as peer, pytest.raises(Stopped):
        Client(http, sleep=stop).api(peer.url).get("x", dict)
    http.close()
    assert len(peer.asked) == 1


def test_a_refused_credential_is_not_tried_twice(client: Client) -> None:
    with serving(first(answer({}, 401), then=lambda _: answer({}))) as peer:
        with pytest.raises(CredentialRefused):
            client.api(peer.url).get("x", dict)
        assert len(peer.asked) == 1


def test_a_server_that_fails_slowly_is_asked_twice() -> None:
    moments = iter(range(0, 1000, 15))
    http = PlainHttp()
    with serving(lambda _: answer({}, 503)) as peer, pytest.raises(NotReachable):
        Client(http, sleep=lambda _: None, clock=lambda: next(moments)).api(peer.url).get("x", dict)
    http.close()
    assert len(peer.asked) == 2


def test_rate_limits_without_a_number_back_off_and_end() -> None:
    waits: list[float] = []
    http = PlainHttp()
    with serving(lambda _: answer({}, 429, Retry_After="soon")) as peer, pytest.raises(RateLimited):
        Client(http, sleep=waits.append).api(peer.url).get("x", dict)
    http.close()
    assert waits == [1, 2, 4, 8]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (formatdate(1_000_090, usegmt=True), 90),
        (formatdate(999_000, usegmt=True), 0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 400, 999_999_999),
        ("Fri, 99 Foo 99999 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(header: str, seconds: float | None) -> None:
    assert retry_after(Response(429, {"retry-after": header}, b""), 1_000_000) == seconds


def test_an_address_is_shown_without_credentials_and_query() -> None:
    assert address("https://somebody@corp.example/a/b?token=x#y") == "https://corp.example/a/b"
    assert len(address("https://corp.example/" + "x" * 500)) == 120


def test_the_longest_secret_is_scrubbed_first_and_text_becomes_one_line() -> None:
    assert scrub("Bearer abcdef, abcd", [Secret("abcd"), Secret("Bearer abcdef"), Secret("a")]) == "***, ***"
    assert shown("a\r\nb\x1b\u202e") == "a\ufffd\ufffdb\ufffd\ufffd"
    assert shown("x" * 100, 10) == "x" * 9 + "…"


def test_responses_and_apis_print_no_content(client: Client) -> None:
    assert repr(Response(200, {"set-cookie": "s3cret"}, b"personal")) == "Response(200, 8 bytes)"
    assert "s3cret" not in repr(client.api("https://corp.example/x?y", bearer=Secret("s3cret")))

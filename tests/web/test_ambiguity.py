"""Requests that two readers read differently, and requests to somebody else, are refused."""

import pytest
from starlette.testclient import TestClient

from tests.peers.web_server import exchange, served
from tests.web.small_app import ABROAD, application, client


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8441", "127.0.0.1:8440.evil.example",
        "evil@127.0.0.1:8440", "",
        "[::1]", "2130706433:8440",
    ],
)  # fmt: skip
def test_an_unknown_host_is_misdirected(host: str) -> None:
    answer = client().get("/x", headers={"Host": host, "X-Forwarded-Host": "127.0.0.1:8440"})
    assert answer.status_code == 421
    assert "evil" not in answer.text


def test_the_other_names_of_loopback_are_ours_only_on_loopback() -> None:
    for host in ("localhost:8440", "LOCALHOST:8440", "[::1]:8440"):
        assert client().get("/x", headers={"Host": host}).status_code == 200
    for host in ("localhost", "127.0.0.1", "wardens.example.com:8440", "wardens.example.com:80"):
        assert client(ABROAD).get("/x", headers={"Host": host}).status_code == 421
    for host in ("wardens.example.com", "Wardens.Example.com:443"):
        assert client(ABROAD).get("/x", headers={"Host": host}).status_code == 200


def test_a_health_check_may_come_by_any_address() -> None:
    assert client(ABROAD).get("/healthz", headers={"Host": "10.0.0.5:8080"}).status_code == 200


def test_addresses_built_from_the_request_have_the_scheme_that_people_use() -> None:
    answer = TestClient(application(ABROAD), base_url="http://wardens.example.com").get("/x")
    assert answer.text.endswith("https://wardens.example.com/x")


@pytest.mark.parametrize(
    "cookies",
    [
        ["__Host-session=a; __Host-session=b"], ["__Host-session=a", "__Host-session=b"],
        ["x=1; __Host-session=a;__Host-session="],
        ["__Host-session=a; __Host-session =b"],
    ],
)  # fmt: skip
def test_two_session_cookies_are_refused(cookies: list[str]) -> None:
    headers = [("Cookie", value) for value in cookies]
    assert client().get("/x", headers=headers).status_code == 400
    assert client().get("/x", headers={"Cookie": "a=1; a=2; __Host-session=a; __Host-setup=b"}).status_code == 200


@pytest.mark.parametrize(
    "extra",
    [
        b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"Host: evil.example\r\n",
        b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", b"Origin: a\r\nOrigin: b\r\n", b"Content-Length: -1\r\n",
    ],
)  # fmt: skip
def test_a_head_that_two_readers_read_differently_is_refused_on_the_wire(extra: bytes) -> None:
    with served(application()) as port:
        answer = exchange(
            port, b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:8440\r\nConnection: close\r\n" + extra + b"\r\nabc"
        )
        alive = exchange(port, b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:8440\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert alive.startswith(b"HTTP/1.1 200")

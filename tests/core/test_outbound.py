"""The guarded client against real servers on loopback, and against addresses that must never be called."""

import gzip
import socket
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.core.outgoing import outbound
from app.core.outgoing.outbound import AddressRefused, CallFailed, NotReachable, Outbound, TooBig, TooSlow
from tests.peers.names import resolves
from tests.peers.raw_http import Peer, peer, says

SECRET = "hunter2hunter2"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_names_the_host_it_leads_to(status: int) -> None:
    location = f"Location: http://169.254.169.254/latest?key={SECRET}\r\n".encode()
    with peer(says(b"", location, b"%d Moved" % status)) as server:
        client = Outbound((f"127.0.0.1:{server.port}",))
        with pytest.raises(AddressRefused) as caught:
            client.request("GET", f"http://127.0.0.1:{server.port}/")
        client.close()
    assert caught.value.rule == "redirect"
    assert "169.254.169.254" in caught.value.message
    assert SECRET not in caught.value.message
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", [b"//[::1", b"", b"/next", b"https://\xff\xfe/"])
def test_a_redirect_that_cannot_be_read_is_refused_too(location: bytes) -> None:
    with pytest.raises(AddressRefused) as caught:
        call(says(b"", b"Location: " + location + b"\r\n", b"302 Found"))
    assert caught.value.rule == "redirect"


@contextmanager
def serving(answering) -> Iterator[tuple[Peer, Outbound, str]]:
    """A server, a client that may call it, and its address."""
    with peer(answering) as server, Outbound((f"127.0.0.1:{server.port}",)) as client:
        yield server, client, f"http://127.0.0.1:{server.port}/"


def call(answering, *, timeout: float | None = None) -> outbound.Answer:
    with serving(answering) as (_, client, url):
        return client.request("GET", url, timeout=timeout)


def test_an_answer_that_announces_too_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "MAX_BYTES", 1 << 20)

    def announcing(stream: socket.socket, _: bytes) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n")

    with pytest.raises(TooBig):
        call(announcing)


def test_an_answer_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "MAX_BYTES", 1 << 20)
    sent = 0

    def endless(stream: socket.socket, _: bytes) -> None:
        nonlocal sent
        stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while sent < 64 << 20:
            stream.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
            sent += 65536

    with pytest.raises(TooBig):
        call(endless)
    assert sent < 32 << 20


def test_a_compressed_bomb_is_cut_off_once_unpacked_without_taking_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "MAX_BYTES", 2 << 20)
    bomb = zipped_zeros(100)
    assert len(bomb) < 200_000
    tracemalloc.start()
    with pytest.raises(TooBig):
        call(says(bomb, b"Content-Encoding: gzip\r\n"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20
    assert call(says(zipped_zeros(2), b"Content-Encoding: gzip\r\n")).body == bytes(2 << 20)


def test_what_follows_a_packed_answer_is_limited_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "MAX_BYTES", 1 << 20)
    with pytest.raises(TooBig):
        call(chunked(gzip.compress(b"x"), b"a" * 65536, 20))


def chunked(first: bytes, more: bytes, times: int):
    """An answer of unknown length: ``first``, then ``more`` so many times."""

    def answering(stream: socket.socket, _: bytes) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in [first, *[more] * times]:
            stream.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))

    return answering


def zipped_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(megabytes)] + [packer.flush()])


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate", "zstd", "x"])
def test_a_packing_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(NotReachable):
        call(says(gzip.compress(b"x"), f"Content-Encoding: {encoding}\r\n".encode()))


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"x" * 1000, mtime=0)[:-12], b""])
def test_a_damaged_packed_answer_is_refused(body: bytes) -> None:
    with pytest.raises(NotReachable, match="damaged"):
        call(says(body, b"Content-Encoding: gzip\r\n"))


@pytest.mark.parametrize(
    "drip", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b""]
)
def test_a_slow_drip_ends_with_the_whole_calls_time_not_with_each_reads(drip: bytes) -> None:
    def dripping(stream: socket.socket, _: bytes) -> None:
        stream.sendall(drip)
        for _ in range(100):
            stream.sendall(b"a" if drip else b"")
            time.sleep(0.05)

    begun = time.monotonic()
    with pytest.raises(TooSlow):
        call(dripping, timeout=0.4)
    assert time.monotonic() - begun < 3


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.outgoing.dialing.CONNECT_SECONDS", 0.1)

    def hanging(host: str, port: int) -> Sequence[str]:
        time.sleep(2)
        return ["8.8.8.8"]

    with Outbound((), hanging) as client, pytest.raises(TooSlow):
        client.check("https://example.com/")


def test_a_name_that_does_not_exist_is_not_reachable() -> None:
    with Outbound((), resolves([])[0]) as client, pytest.raises(NotReachable, match="no host with the name nowhere"):
        client.request("GET", "https://nowhere.example/")


def test_nobody_listening_is_not_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Outbound((f"127.0.0.1:{port}",)) as client, pytest.raises(NotReachable, match="could not be reached"):
        client.request("GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", b"HTTP/1.1 200 OK\r\nA: " + b"a" * 300_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_an_answer_that_is_not_http_is_not_reachable(answer: bytes) -> None:
    with pytest.raises(CallFailed):
        call(lambda stream, _: stream.sendall(answer))


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(says(b"proxy")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert call(says(b"direct")).body == b"direct"
    assert proxy.connections == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {SECRET}\r\nX: y"}, {"Authorization": f"Bearer {SECRET}\n"}, {"X\r\n": SECRET},
        {"Cookie": f"{SECRET}\x00"}, {"X-€": SECRET}, {"X": f"€{SECRET}"}, {"Host": SECRET}, {"content-length": "5"},
        {"Transfer-Encoding": "chunked"}, {"X": f" {SECRET}"},
    ],
)  # fmt: skip
def test_a_header_that_would_change_the_request_is_refused_without_showing_it(headers: dict[str, str]) -> None:
    with Outbound(()) as client, pytest.raises(AddressRefused) as caught:
        client.request("GET", "https://example.com/", headers=headers)
    assert caught.value.rule == "header"
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("method", ["get", "GET / HTTP/1.1\r\nX:", "", "GÉT"])
def test_a_method_that_is_not_one_is_refused(method: str) -> None:
    with Outbound((), resolves(["8.8.8.8"])[0]) as client, pytest.raises(AddressRefused):
        client.request(method, "https://example.com/")


def test_no_error_or_representation_shows_headers_query_or_body() -> None:
    nonsense = b"nonsense " + SECRET.encode() + b"\r\n\r\n"
    with serving(lambda stream, _: stream.sendall(nonsense)) as (server, client, url):  # noqa: SIM117
        with pytest.raises(NotReachable) as caught:
            client.request(
                "POST", f"{url}?key={SECRET}", headers={"Authorization": SECRET}, params={"q": SECRET}, json={"a": SECRET}
            )  # fmt: skip
    assert SECRET.encode() in server.requests[0]
    assert caught.value.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in repr(outbound.Answer(200, {}, SECRET.encode()))


def test_a_request_carries_method_query_headers_and_json() -> None:
    with serving(says(b'{"ok":true}', b"Content-Type: application/json\r\nX-Twice: 1\r\n")) as (server, client, url):
        answer = client.request(
            "PATCH", f"{url}Users/é%20x?a=1#f", params={"startIndex": 1, "filter": 'userName eq "a&b"'}, json={"é": [1]},
            headers={"Content-Type": "application/scim+json", "Authorization": "Bearer t"},
        )  # fmt: skip
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"PATCH /Users/%C3%A9%20x?a=1&startIndex=1&filter=userName+eq+%22a%26b%22 HTTP/1.1"
    assert {b"Content-Type: application/scim+json", b"Authorization: Bearer t", b"Accept-Encoding: gzip"} <= set(lines)
    assert sum(line.lower().startswith(b"content-type") for line in lines) == 1
    assert body.decode() == '{"é":[1]}'
    assert (answer.status, answer.headers["x-twice"], answer.headers["content-TYPE"]) == (200, "1", "application/json")


def test_an_error_status_is_an_answer_and_threads_may_share_the_client() -> None:
    with serving(says(b"no", status=b"429 Slow")) as (server, client, url), ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.request("GET", url), range(40)))
    assert {(answer.status, answer.body) for answer in answers} == {(429, b"no")}
    assert server.connections <= 8

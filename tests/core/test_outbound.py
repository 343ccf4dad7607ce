"""The guarded client against real servers on loopback, and against addresses that must never be called."""

import gzip
import socket
import ssl
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core import outbound
from app.core.outbound import AddressRefused, CallFailed, NotReachable, Outbound, TooBig, TooSlow
from tests.peers.raw_http import Peer, certificates, peer, says

SECRET = "hunter2hunter2"


def resolves(*answers: Sequence[str]):
    """A resolver that gives one answer after the other and then keeps to the last; counts its calls."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolver, asked


def refused(url: str, *, allowed: tuple[str, ...] = (), addresses: Sequence[str] = ("8.8.8.8",)) -> str:
    with pytest.raises(AddressRefused) as caught, Outbound(allowed, resolves(addresses)[0]) as client:
        client.check(url)
    return caught.value.rule


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "①②⑦.0.0.1",
        "0x7f.1",
        "017700000001",
        "127.0.0.01",
        "1.2.3.256",
    ],
)
def test_an_odd_spelling_of_an_address_is_refused_before_any_look_up(host: str) -> None:
    resolver, asked = resolves(["8.8.8.8"])
    with Outbound((), resolver) as client, pytest.raises(AddressRefused) as caught:
        client.check(f"https://{host}/")
    assert caught.value.rule == "spelling"
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://exa mple.com/", "https://example.com\\@evil.org/", "https://example.com/\r\nHost: x", "https:///x", "https://",
        "https:example.com", "https://[::1", "https://[1.2.3.4]/", "https://[fe80::1%25eth0]/", "https://[:::]/",
        "https://example.com:/", "https://example.com:0/", "https://example.com:99999/", "https://-x.com/", "https://x..y/",
        "https://example.com./", "https://münchen.de/", "https://%65xample.com/", "https://\u212acorp.example/", "not an address",
        "", "https://example.com/\x00", "https://example.com/\ud800", "https://" + "a" * 64 + ".com/",
        "https://e.com/" + "a" * 9000,
    ],
)  # fmt: skip
def test_an_address_that_can_be_read_in_two_ways_is_refused(url: str) -> None:
    assert refused(url) == "spelling"


@pytest.mark.parametrize("scheme", ["gopher", "file", "ftp", "http", "HTTP", "javascript", "data", "ldap", "ws"])
def test_only_https_may_be_called(scheme: str) -> None:
    assert refused(f"{scheme}://example.com/") == "scheme"
    assert refused(f"{scheme}:x") in {"scheme", "spelling"}


@pytest.mark.parametrize("port", [22, 25, 80, 6379, 8443, 5432, 65535])
def test_other_ports_are_refused(port: int) -> None:
    assert refused(f"https://example.com:{port}/") == "port"


@pytest.mark.parametrize("user", ["user@", "user:password@", "@", ":@", "example.org@"])
def test_credentials_in_an_address_are_refused(user: str) -> None:
    assert refused(f"https://{user}example.com/") == "credentials"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "10.1.2.3", "192.168.0.1", "100.64.0.1", "[fd12::1]", "169.254.169.254", "[::ffff:7f00:1]"],
)
def test_an_internal_address_spelled_out_is_refused(host: str) -> None:
    assert refused(f"https://{host}/") in {"internal", "never"}


def test_one_internal_address_among_several_refuses_the_host() -> None:
    assert refused("https://example.com/", addresses=["8.8.8.8", "2606:4700::1", "10.0.0.1"]) == "internal"
    assert refused("https://example.com/", addresses=["8.8.8.8", "169.254.169.254"]) == "never"


def test_metadata_addresses_stay_refused_for_hosts_on_the_operators_list() -> None:
    for address in ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "::ffff:169.254.169.254", "0.0.0.0"]:
        assert refused("https://corp.example/", allowed=("corp.example",), addresses=[address]) == "never"


@pytest.mark.parametrize(
    ("entry", "url", "is_allowed"),
    [
        ("corp.example", "https://corp.example/", True),
        ("CORP.Example", "https://corp.EXAMPLE/x", True),
        ("corp.example", "http://corp.example/", True),
        ("corp.example", "https://corp.example:8443/", False),
        ("corp.example:8443", "https://corp.example:8443/", True),
        ("corp.example:8443", "http://corp.example:8443/", True),
        ("corp.example:8443", "https://corp.example/", False),
        ("corp.example", "https://x.corp.example/", False),
        ("corp.example", "https://corp.example.evil.org/", False),
        ("example", "https://corp.example/", False),
        ("127.0.0.1:81", "http://127.0.0.1:81/", True),
        ("::1", "https://[::1]/", True),
        ("[::1]:81", "http://[::1]:81/", True),
        ("[::1]:81", "http://[0:0:0:0:0:0:0:1]:81/", True),
    ],
)
def test_the_operators_list_is_exact_and_ignores_case(entry: str, url: str, is_allowed: bool) -> None:
    with Outbound((entry,), resolves(["10.0.0.7"])[0]) as client:
        if is_allowed:
            client.check(url)
        else:
            with pytest.raises(AddressRefused):
                client.check(url)


def test_a_name_is_looked_up_once_and_the_connection_goes_to_that_address() -> None:
    with peer(says(b"right"), "127.0.0.2") as right:
        resolver, asked = resolves(["127.0.0.2"], ["127.0.0.1"])
        with Outbound((f"rebind.example:{right.port}",), resolver) as client:
            answer = client.request("GET", f"http://rebind.example:{right.port}/")
    assert (answer.status, answer.body, asked) == (200, b"right", ["rebind.example"])
    assert f"Host: rebind.example:{right.port}".encode() in right.requests[0]


def test_a_name_that_turns_to_metadata_is_refused_at_the_next_connection() -> None:
    def closing(stream: socket.socket, _: bytes) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with peer(closing) as server:
        resolver, asked = resolves(["127.0.0.1"], ["169.254.169.254"])
        with Outbound((f"rebind.example:{server.port}",), resolver) as client:
            url = f"http://rebind.example:{server.port}/"
            assert client.request("GET", url).status == 200
            with pytest.raises(AddressRefused, match=r"rebind\.example leads to an address that is link-local"):
                client.request("GET", url)
    assert len(asked) == 2
    assert server.connections == 1


def test_a_kept_connection_is_reused_without_another_look_up() -> None:
    with peer(says(b"{}")) as server:
        resolver, asked = resolves(["127.0.0.1"])
        with Outbound((f"corp.example:{server.port}",), resolver) as client:
            for _ in range(5):
                client.request("GET", f"http://corp.example:{server.port}/")
    assert (server.connections, len(asked), len(server.requests)) == (1, 1, 5)


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with peer(says(b"ok"), "127.0.0.1") as server:
        client = Outbound((f"corp.example:{server.port}",), resolves(["127.0.0.9", "127.0.0.1"])[0])
        assert client.request("GET", f"http://corp.example:{server.port}/").body == b"ok"
        client.close()


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


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"x" * 1000)[:-12], b""])
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
    monkeypatch.setattr("app.core.dialing.CONNECT_SECONDS", 0.1)

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


def test_the_certificate_is_verified_for_the_original_name_at_the_pinned_address(tmp_path: Path) -> None:
    server_side, trust = certificates(tmp_path, "directory.example")
    with peer(says(b"secure"), tls=server_side) as server:
        entry = (f"directory.example:{server.port}", f"other.example:{server.port}")
        with Outbound(entry, resolves(["127.0.0.1"])[0], trust=trust) as client:
            assert client.request("GET", f"https://directory.example:{server.port}/").body == b"secure"
            with pytest.raises(NotReachable, match=r"certificate of other\.example is not valid"):
                client.request("GET", f"https://other.example:{server.port}/")
    assert server.server_names == ["directory.example", "other.example"]


def test_a_certificate_that_is_expired_or_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    expired, trust = certificates(tmp_path, "directory.example", expired=True)
    with peer(says(b""), tls=expired) as server:
        entry = (f"directory.example:{server.port}",)
        for context, reason in ((trust, "expired"), (None, "")):
            with (
                Outbound(entry, resolves(["127.0.0.1"])[0], trust=context) as client,
                pytest.raises(NotReachable, match=f"certificate .* not valid: .*{reason}"),
            ):
                client.request("GET", f"https://directory.example:{server.port}/")
    assert server.requests == []


def test_the_oldest_tls_is_not_spoken(tmp_path: Path) -> None:
    with Outbound(()) as client:
        pool = client._pool
    assert pool._ssl_context is not None
    assert pool._ssl_context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert pool._ssl_context.check_hostname


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

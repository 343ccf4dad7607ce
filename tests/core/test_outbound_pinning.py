"""A call goes to the address that was admitted, and speaks TLS with the name that was asked for."""

import socket
import ssl
from pathlib import Path

import pytest

from app.core.outgoing.outbound import AddressRefused, NotReachable, Outbound
from tests.peers.names import resolves
from tests.peers.raw_http import certificates, peer, says


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

"""Which addresses the guarded client calls at all: refused before anything is sent."""

from collections.abc import Sequence

import pytest

from app.core.outgoing.outbound import AddressRefused, Outbound
from tests.peers.names import resolves


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


def test_a_host_that_is_listed_for_other_ports_is_refused_with_the_rule() -> None:
    for entry, ports in (("127.0.0.1", "80 and 443"), ("127.0.0.1:81", "81")):
        with Outbound((entry,)) as client, pytest.raises(AddressRefused) as caught:
            client.check("http://127.0.0.1:8080/scim")
        assert caught.value.rule == "port"
        assert f"127.0.0.1 for port {ports} only, not for 8080" in caught.value.message
        assert "means 80 and 443" in caught.value.message

"""Reads an address strictly, once, and says where it leads: one meaning or a refusal.

Every library reads odd addresses differently (``127.1``, ``0x7f000001``, ``①②⑦.0.0.1``, ``user@host``, backslashes);
whatever has a second reading is refused. The operator's list of internal hosts is the only thing that widens the rules.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote

from msgspec import Struct

from app.core.outgoing.addresses import Standing, judge
from app.core.outgoing.remote_errors import AddressRefused

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(//(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(\?(?P<query>[^#]*))?(#.*)?|.*)",
    re.DOTALL,
)
_AUTHORITY = re.compile(r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(:(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_SAFE = "%/:@!$&'()*+,;=?-._~[]|"
DEFAULT_PORT = {"https": 443, "http": 80}
_MAX_URL = 8192
_MAX_NAME = 253
_MAX_PORT = 65535


class Destination(Struct, frozen=True):
    """Where a call goes; ``host`` is lower case, without brackets; ``target`` is path and query, percent-encoded."""

    scheme: str
    host: str
    port: int
    target: bytes
    is_allowed_internal: bool


class Destinations:
    """The rules for addresses, widened by the operator's list (``host`` means ports 80 and 443, or ``host:port``)."""

    def __init__(self, allowed_internal_hosts: Sequence[str]) -> None:
        self._allowed = frozenset(pair for entry in allowed_internal_hosts for pair in _entry(entry))

    def read(self, url: str) -> Destination:
        """Where ``url`` leads. Refuses with ``AddressRefused``; a name is not looked up here."""
        match = None if len(url) > _MAX_URL or _UNSAFE.search(url) else _URL.fullmatch(url)
        if match is None:
            raise AddressRefused("That is not a web address that can be read in one way only.", rule="spelling")
        scheme = match["scheme"].lower()
        if scheme not in DEFAULT_PORT:
            raise AddressRefused("Only https addresses are called.", rule="scheme")
        host, port = _host_and_port(match["authority"] or "", DEFAULT_PORT[scheme])
        target = match["path"] or "/"
        if match["query"] is not None:
            target += "?" + match["query"]
        allowed = (host, port) in self._allowed
        listed = sorted(each for name, each in self._allowed if name == host)
        if listed and not allowed and port != DEFAULT_PORT["https"]:
            ports = " and ".join(map(str, listed))
            raise AddressRefused(
                f"The operator's list has {host} for port {ports} only, not for {port}: "
                f"a host without a port there means 80 and 443. It would have to name {host}:{port}.",
                rule="port",
            )
        if scheme == "http" and not allowed:
            raise AddressRefused(f"{host} must be called by https.", rule="scheme")
        if port != DEFAULT_PORT["https"] and not allowed:
            raise AddressRefused(f"Port {port} of {host} is not on the operator's list.", rule="port")
        return Destination(scheme, host, port, quote(target, safe=_SAFE).encode("ascii"), allowed)

    def foresee(self, url: str) -> None:
        """Refuse, with ``AddressRefused``, what can be told of ``url`` without looking a name up."""
        destination = self.read(url)
        if literal(destination.host):
            self.admit(destination.host, destination.port, [destination.host])

    def admit(self, host: str, port: int, addresses: Sequence[str]) -> list[str]:
        """The addresses that ``host`` resolved to, all of them admitted; one bad address refuses the host."""
        allowed = (host, port) in self._allowed
        for text in addresses:
            verdict = judge(ip_address(text))
            if verdict.standing is Standing.NEVER:
                raise AddressRefused(f"{host} leads to an address that is {verdict.what}.", rule="never")
            if verdict.standing is Standing.INTERNAL and not allowed:
                raise AddressRefused(
                    f"{host} leads to an address that is {verdict.what} and is not on the operator's list.",
                    rule="internal",
                )
        return list(addresses)


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that ``host`` spells out, or None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _entry(entry: str) -> list[tuple[str, int]]:
    match = _AUTHORITY.fullmatch(entry.lower())
    if literal(entry) is not None or match is None:  # a bare IPv6 address
        return [(str(literal(entry) or entry), port) for port in DEFAULT_PORT.values()]
    host = str(literal(match["six"] or match["name"]) or match["name"])
    return [(host, int(port)) for port in ([match["port"]] if match["port"] else DEFAULT_PORT.values())]


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    if "@" in authority:
        raise AddressRefused("An address must not hold a user name or password.", rule="credentials")
    match = _AUTHORITY.fullmatch(authority.lower()) if authority.isascii() else None
    port = int(match["port"]) if match and match["port"] else default
    if match is None or not 0 < port <= _MAX_PORT:
        raise AddressRefused("The host or port of that address cannot be read.", rule="spelling")
    host = match["six"] or match["name"]
    address = literal(host)
    if address is not None and (address.version == 6) == bool(match["six"]):  # noqa: PLR2004 - the versions of IP
        return str(address), port
    labels = host.split(".")
    if address or len(host) > _MAX_NAME or _NUMBER.fullmatch(labels[-1]) or not all(map(_LABEL.fullmatch, labels)):
        raise AddressRefused(
            "The host must be a plain name (international names in their xn-- form) or a plain address.",
            rule="spelling",
        )
    return host, port

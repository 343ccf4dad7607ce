"""Finds out who is calling: the peer, or what trusted proxies say of it, and nobody else's word.

X-Forwarded-For is read from the right, through networks that the operator named; what stands left of the first stranger
was written by that stranger. ``scope["state"]["client_ip"]`` is a plain address, or "" where there is none.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

_MAX_HOPS = 20


class ClientAddress:
    """``trusted`` are the networks of the proxies in front of us."""

    def __init__(self, app: ASGIApp, trusted: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self.app = app
        self.trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI 3)."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["client_ip"] = str(self._client(scope) or "")
        await self.app(scope, receive, send)

    def _client(self, scope: Scope) -> IPv4Address | IPv6Address | None:
        client = _read(scope["client"][0]) if scope.get("client") else None
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for hop in forwarded.decode("latin-1").split(",")[: -_MAX_HOPS - 1 : -1]:
            if client is None or not any(client in network for network in self.trusted):
                break
            said = _read(hop.strip())
            if said is None:  # a proxy of ours that forwards nonsense: it is the last that we know
                break
            client = said
        return client


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """The address in ``text``, also with a port (``1.2.3.4:5``, ``[::1]:5``), mapped addresses as IPv4."""
    host = (
        text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if text.count(":") == 1 else text
    )
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

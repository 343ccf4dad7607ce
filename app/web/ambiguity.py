"""Refuses a request that two readers could read differently: two hosts, two lengths, two session cookies.

A Host that is not ours is answered 421 (RFC 9110 15.5.20), so that no link, redirect or cache entry is ever made from it.
Health checks may come by address; they say nothing.
"""

from collections import Counter
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.origins import hosts_of
from app.web.problems import Problem, refuse

_BAD = Problem(400, "The request was refused", "The request can be read in two ways. Nothing was changed.")
_MISDIRECTED = Problem(421, "Wrong address", "This service is not known under that address.")
_ONCE = (b"host", b"content-length", b"transfer-encoding", b"authorization", b"content-type", b"origin")


class Ambiguity:
    """``origin`` is the address people use; paths in ``open_paths`` take any Host."""

    def __init__(self, app: ASGIApp, origin: str, open_paths: Collection[str] = ("/healthz", "/readyz")) -> None:
        self.app = app
        self.scheme = origin.partition(":")[0]
        self.hosts = hosts_of(origin)
        self.open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI 3)."""
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem is not None:
            await refuse(scope, receive, send, problem)
            return
        scope["scheme"] = self.scheme  # what is built from the request is built for people, not for the proxy
        await self.app(scope, receive, send)

    def _problem(self, scope: Scope) -> Problem | None:
        seen = Counter(name for name, _ in scope["headers"])
        if any(seen[name] > 1 for name in _ONCE) or (seen[b"content-length"] and seen[b"transfer-encoding"]):
            return _BAD
        cookies = b";".join(value for name, value in scope["headers"] if name == b"cookie")
        if cookies.count(b"__Host-") > 1 and _is_tossed(cookies):
            return _BAD
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
        return None if host in self.hosts or scope["path"] in self.open_paths else _MISDIRECTED


def _is_tossed(cookies: bytes) -> bool:
    names = Counter(pair.partition(b"=")[0].strip() for pair in cookies.split(b";"))
    return any(count > 1 for name, count in names.items() if name.startswith(b"__Host-"))

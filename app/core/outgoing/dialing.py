"""Opens connections for the guarded client: resolves once, admits every address, connects to exactly those.

Between a check and a second look-up a name can change its address (DNS rebinding), so there is no second look-up: the
socket goes to the address that was admitted, while the Host header, SNI and the certificate keep the original name.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpcore2
from typing_extensions import override

from app.core.clock import monotonic
from app.core.outgoing.destinations import Destinations, literal
from app.core.outgoing.remote_errors import NotReachable, TooSlow

Resolver = Callable[[str, int], Sequence[str]]
CONNECT_SECONDS = 10.0
_PIECE = 16 * 1024

deadline: ContextVar[float] = ContextVar("deadline")


def remaining() -> float:
    """Seconds left of the running call; raises the client library's time-out once there are none."""
    left = deadline.get() - monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


def lookup(host: str, port: int) -> Sequence[str]:
    """All addresses of ``host`` by the system's resolver."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Dialer(httpcore2.NetworkBackend):
    """The network under the connection pool: every new connection of the client is opened here."""

    def __init__(self, destinations: Destinations, resolver: Resolver = lookup) -> None:
        self._destinations = destinations
        self._resolver = resolver

    def resolve(self, host: str, port: int) -> list[str]:
        """The admitted addresses of ``host``; refuses with AddressRefused, NotReachable or TooSlow."""
        addresses = [host] if literal(host) else self._ask(host, port)
        return self._destinations.admit(host, port, list(dict.fromkeys(addresses)))

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self.resolve(host, port)
        until = min(monotonic() + CONNECT_SECONDS, deadline.get())
        failure: Exception = NotReachable(f"{host} could not be reached.")
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                return _Stream(httpcore2.SyncBackend().connect_tcp(address, port, max(until - monotonic(), 0.1) / left))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def _ask(self, host: str, port: int) -> Sequence[str]:
        # The system's resolver has no time-out of its own, hence the thread.
        answers: SimpleQueue[Sequence[str]] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolver(host, port))
            except (OSError, UnicodeError):
                answers.put(())

        Thread(target=ask, daemon=True, name="resolve").start()
        try:
            found = answers.get(timeout=CONNECT_SECONDS)
        except Empty:
            raise TooSlow(f"The name {host} could not be looked up in {CONNECT_SECONDS:.0f} seconds.") from None
        if not found:
            raise NotReachable(f"There is no host with the name {host}.")
        return found


class _Stream(httpcore2.NetworkStream):
    """A connection on which no read or write outlasts the running call, however slowly the peer drips."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, remaining())

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], remaining())

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, min(remaining(), CONNECT_SECONDS)))

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

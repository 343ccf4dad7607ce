"""Serving HTTP on a socket that is already bound: uvicorn with uvloop and httptools, and bounds on a request's head.

The parser itself has no bounds, so a client could send headers for ever. A head that is too large, too slow,
ambiguous about its host (RFC 9112 section 3.2) or not in origin form is answered 400 and the connection closed.
"""

import asyncio
import socket
from asyncio import TimerHandle
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.machine.process import allow_files, settle

MOST_HEADERS: Final = 100
LARGEST_HEAD: Final = 64 * 1024
LARGEST_TARGET: Final = 16 * 1024
HEAD_SECONDS: Final = 20
STOP_SECONDS: Final = 8
CONNECTIONS: Final = 2000
_OTHER_FILES: Final = 200
# Longer than the reverse proxy keeps its side, so that it never sends into a connection that is being closed.
KEEP_ALIVE_SECONDS: Final = 75


class BoundedHttp(HttpToolsProtocol):
    """One connection, whose requests' heads are bounded in size and time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first head."""
        self._head_timer: TimerHandle | None = None
        self._head_bytes = 0
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse a head that goes on for too long within one header."""
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """Start the clock of this head."""
        super().on_message_begin()
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        """Collect the target within its bound."""
        super().on_url(url)
        if len(self.url) > LARGEST_TARGET:
            raise ValueError("request target too large")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header within the bound."""
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            raise ValueError("too many headers")

    def on_headers_complete(self) -> None:
        """Refuse an ambiguous head, else begin the request."""
        self._head_is_here()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            raise ValueError("not exactly one Host")
        if not self.url.startswith(b"/"):
            raise ValueError("target not in origin form")
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_is_here()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_is_here(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def serve(app: Any, listener: socket.socket) -> None:
    """Serve the ASGI ``app`` on ``listener`` until SIGTERM; requests under way get ``STOP_SECONDS`` to finish.

    Writes no access log: a query string may hold what must not be logged.
    """
    allow_files(CONNECTIONS + _OTHER_FILES)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    settle()
    uvicorn.Server(config).run(sockets=[listener])

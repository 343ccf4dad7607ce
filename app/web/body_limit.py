"""Refuses a body that is larger than its route takes, before the application has read it.

A length that is announced is refused unread; a body without one is counted as it streams in, and the application is told
that the client has gone, whatever it would have answered.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import TooLarge
from app.web.problems import Problem, refuse

DEFAULT_BYTES = 1024 * 1024
_MAX_DIGITS = 18


class BodyLimit:
    """``larger`` maps the beginning of a path to the bytes that it takes instead; the longest match counts."""

    def __init__(self, app: ASGIApp, limit: int = DEFAULT_BYTES, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.larger = sorted((larger or {}).items(), key=lambda pair: -len(pair[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next((size for start, size in self.larger if scope["path"].startswith(start)), self.limit)
        body = _Counted(limit, receive, send)
        if _announced(scope) > limit:
            await _refuse(scope, receive, send, limit)
            return
        try:
            await self.app(scope, body.receive, body.send)
        except Exception:
            if not body.is_over:
                raise
        if body.is_over and not body.is_started:
            await _refuse(scope, receive, send, limit)


class _Counted:
    """One body as it comes in; once it is over the limit, what the application answers is dropped."""

    def __init__(self, limit: int, receive: Receive, send: Send) -> None:
        self._limit, self._receive, self._send = limit, receive, send
        self._read = 0
        self.is_started = False

    @property
    def is_over(self) -> bool:
        return self._read > self._limit

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_over else message

    async def send(self, message: Message) -> None:
        if not self.is_over or self.is_started:
            self.is_started = True
            await self._send(message)


def _announced(scope: Scope) -> int:
    """The announced length; one that cannot be read counts as endless."""
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(text) if text.isdigit() and len(text) <= _MAX_DIGITS else 10**_MAX_DIGITS


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} KB"
    sentence = f"What was sent is larger than {size}, the most that is taken here. Nothing was changed."
    problem = Problem(TooLarge.status, TooLarge.title, sentence, headers={"Connection": "close"})
    await refuse(scope, receive, send, problem)

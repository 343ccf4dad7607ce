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
        read, is_started = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return {"type": "http.disconnect"} if read > limit else message

        async def unless_refused(message: Message) -> None:
            nonlocal is_started
            if read <= limit or is_started:
                is_started = True
                await send(message)

        is_too_long = _announced(scope) > limit
        try:
            if not is_too_long:
                await self.app(scope, counted, unless_refused)
        except Exception:
            if read <= limit:
                raise
        if is_too_long or (read > limit and not is_started):
            await _refuse(scope, receive, send, limit)


def _announced(scope: Scope) -> int:
    """The announced length; one that cannot be read counts as endless."""
    text = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(text) if text.isdigit() and len(text) <= _MAX_DIGITS else 10**_MAX_DIGITS


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} KB"
    sentence = f"What was sent is larger than {size}, the most that is taken here. Nothing was changed."
    problem = Problem(TooLarge.status, TooLarge.title, sentence, headers={"Connection": "close"})
    await refuse(scope, receive, send, problem)

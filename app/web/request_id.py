"""Gives every request its id, its one line in the log, and an answer even where ours failed.

The id is ours alone: one that a stranger sends is ignored, so that nobody can write under another request's id. The line
holds the path without its query, and no part of a path that looks like a secret.
"""

import re
from collections.abc import Collection
from uuid import UUID

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.core import logs
from app.core.clock import monotonic
from app.core.identifiers import new_id
from app.web import problems

HEADER = b"x-request-id"
_SECRET_SEGMENT = re.compile(r"[^/]{33,}")
_log = logs.get(__name__)


class RequestId:
    """Outermost but for the headers, so that its answer to a failure carries them. ``quiet`` paths are not logged."""

    def __init__(self, app: ASGIApp, quiet: Collection[str] = ("/healthz", "/readyz")) -> None:
        self.app = app
        self.quiet = frozenset(quiet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(new_id())
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        begun, status = monotonic(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, request_id.encode())]
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:  # noqa: BLE001 - the last net under every route
                _log.exception("request.failed", path=_path(scope))
                if status == 0:
                    await problems.failed(Request(scope))(scope, receive, send_with_id)
            finally:
                if scope["path"] not in self.quiet:
                    _log.info(
                        "request", method=scope["method"], path=_path(scope), status=status, ip=state.get("client_ip"),
                        duration_ms=round((monotonic() - begun) * 1000, 1),
                    )  # fmt: skip


def _path(scope: Scope) -> str:
    return _SECRET_SEGMENT.sub(lambda found: found[0] if _is_id(found[0]) else "[redacted]", scope["path"])


def _is_id(segment: str) -> bool:
    try:
        return str(UUID(segment)) == segment
    except ValueError:
        return False

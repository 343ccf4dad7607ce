"""Refuses writes that another site caused in somebody's browser: no tokens, the browser itself says where they came from.

Sec-Fetch-Site decides; without it (plain http) Origin must be ours; a write with a cookie and neither is refused. A
program with a key and no cookie has nothing that a browser could be tricked into sending. A method is what the request
line says, no header overrides it.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.origins import origins_of
from app.web.problems import Problem, refuse

_READS = {"GET", "HEAD", "OPTIONS"}
_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
_FOREIGN = Problem(
    403, "Refused", "This request did not come from a page of ours. Nothing was changed. Open the page again."
)
_KIND = Problem(415, "Wrong kind of body", "This address does not take that kind of body. Nothing was changed.")


class CrossOrigin:
    """``origin`` is the address people use. Paths under ``json_paths`` take JSON bodies, all others forms."""

    def __init__(self, app: ASGIApp, origin: str, json_paths: Sequence[str] = ("/api/", "/scim/")) -> None:
        self.app = app
        self.origins = origins_of(origin)
        self.json_paths = tuple(json_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI 3)."""
        problem = None
        if scope["type"] == "http" and scope["method"] not in _READS:
            headers = Headers(scope=scope)
            if not self._is_ours(headers):
                problem = _FOREIGN
            elif not _is_kind(headers, is_json=scope["path"].startswith(self.json_paths)):
                problem = _KIND
        if problem is not None:
            await refuse(scope, receive, send, problem)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        if "cookie" not in headers and headers.get("authorization", "").lower().startswith("bearer "):
            return True
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            return site == "same-origin"
        if origin is not None:
            return origin in self.origins
        return "cookie" not in headers


def _is_kind(headers: Headers, *, is_json: bool) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind:
        return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    if is_json:
        return kind.startswith("application/") and (kind == "application/json" or kind.endswith("+json"))
    return kind in _FORMS

"""The built front end: read once, served from memory under names that change with their content.

No path of the file system is ever made from a request; what is not in the manifest is not found.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.errors import StartRefused

PREFIX = "/static"
DIRECTORY = Path(__file__).parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """One built file: its bytes, the same gzipped where that is shorter, and its media type."""

    body: bytes
    gzipped: bytes | None
    media_type: str


class StaticFiles:
    """An ASGI application over the built front end; mount it at ``PREFIX``."""

    def __init__(self, directory: Path) -> None:
        """Read everything that the manifest names. Refuses the start where the front end is not built."""
        try:
            manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
        except FileNotFoundError:
            raise StartRefused("The front end is not built. Run: python hatch_build.py") from None
        self._names: dict[str, str] = manifest["files"]
        self._icons = frozenset(manifest["icons"])
        self._files = {name: _read(directory / name) for name in manifest["all"]}

    def address(self, name: str) -> str:
        """The address of a built file by its plain name: ``app.css`` → ``/static/app-1f2e3d4c.css``."""
        return f"{PREFIX}/{self._names[name]}"

    def sprite(self, icon: str) -> str:
        """The address of one icon. Refuses an icon that the build did not find."""
        if icon not in self._icons:
            raise LookupError(f'No icon "{icon}" was built: write icon("{icon}") or icon="{icon}", then build again.')
        return f"{self.address('icons.svg')}#{icon}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD with a file for ever, anything else with 404 or 405."""
        name = str(scope["path"]).removeprefix(str(scope.get("root_path", ""))).removeprefix(PREFIX).lstrip("/")
        response = self._respond(str(scope["method"]), self._files.get(name), Headers(scope=scope))
        await response(scope, receive, send)

    def _respond(self, method: str, file: File | None, headers: Headers) -> Response:
        if file is None:
            return Response(status_code=404)
        if method not in {"GET", "HEAD"}:
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        sent = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        if file.gzipped is not None and "gzip" in headers.get("accept-encoding", ""):
            return Response(file.gzipped, headers=sent | {"Content-Encoding": "gzip"}, media_type=file.media_type)
        return Response(file.body, headers=sent, media_type=file.media_type)


@functools.cache
def static_files() -> StaticFiles:
    """The built front end of this installation, read once."""
    return StaticFiles(DIRECTORY)


def _read(path: Path) -> File:
    gzipped = path.with_name(path.name + ".gz")
    return File(path.read_bytes(), gzipped.read_bytes() if gzipped.exists() else None, _TYPES[path.suffix])

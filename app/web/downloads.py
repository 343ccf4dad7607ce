"""Files that are read from the database while they are sent.

Each holds a connection for as long as its reader takes, so only a few are under way at once and the rest wait, holding
nothing: whoever reads slowly, or not at all, keeps other downloads waiting and no page. After ten minutes it is broken off.
"""

from collections.abc import Generator
from typing import Final

import anyio
from anyio.to_thread import run_sync
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from app.core.database import Database

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_MOST_SECONDS: Final = 600


class Download(StreamingResponse):
    """A CSV file called by its ``disposition``; ``pieces`` opens a transaction of its own, and is closed whatever happens."""

    def __init__(self, database: Database, pieces: Generator[bytes, None, None], disposition: str) -> None:
        headers = {"Content-Disposition": disposition, "X-Accel-Buffering": "no"}
        super().__init__(pieces, media_type=MEDIA_TYPE, headers=headers)
        self._slots = database.streams
        self._pieces = pieces

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file when its turn comes."""
        async with self._slots:
            try:
                with anyio.fail_after(_MOST_SECONDS):
                    await super().__call__(scope, receive, send)
            finally:
                with anyio.CancelScope(shield=True):
                    await run_sync(self._pieces.close)

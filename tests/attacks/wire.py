"""Requests exactly as an attacker writes them, given to an application without a client that would tidy them up.

Headers go as they are, twice or not at all; the body is bytes. One thread runs the application's event loop, as one
server process does; ``send_all`` puts many requests on it at once.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

ORIGIN = "https://stackwarden.example.com"
HOST = b"stackwarden.example.com"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "a-boundary-of-the-tests"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
PATIENCE = 60
Pairs = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    headers: Pairs
    body: bytes

    def every(self, name: str) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]

    def header(self, name: str) -> str:
        """The one header of this name, or "" without one."""
        found = self.every(name)
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else ""

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_refused_to_strangers(self) -> bool:
        """401, or the way to the door."""
        return self.status == 401 or (self.status == 303 and self.header("location").startswith("/sign-in"))


@dataclass(frozen=True)
class Ask:
    """One request. ``host`` None leaves the header out."""

    method: str
    target: str
    headers: Mapping[str, str] | Pairs = ()
    body: bytes | Sequence[bytes] = b""
    host: bytes | None = HOST

    def scope(self) -> dict[str, Any]:
        path, _, query = self.target.partition("?")
        given = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        headers = [(_raw(name).lower(), _raw(value)) for name, value in given]
        if self.host is not None:
            headers.insert(0, (b"host", self.host))
        if isinstance(self.body, bytes) and self.body and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(self.body)).encode()))
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": self.method, "scheme": "http", "path": _decoded(path), "raw_path": path.encode(),
            "root_path": "", "query_string": query.encode(), "headers": headers,
            "client": ("192.0.2.7", 40000), "server": ("127.0.0.1", 8440), "state": {},
        }  # fmt: skip

    @property
    def chunks(self) -> Sequence[bytes]:
        return [self.body] if isinstance(self.body, bytes) else self.body


class Wire:
    """A line to ``app``, which lives until ``close``."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._lifespan = app.router.lifespan_context(app)
        self._start(self._lifespan.__aenter__()).result(PATIENCE)

    def send(self, ask: Ask) -> Answer:
        """The answer to one request."""
        return self._start(self._one(ask)).result(PATIENCE)

    def send_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """The answers to requests that are all under way at the same time."""
        return self._start(self._many(asks)).result(PATIENCE)

    @contextmanager
    def stuck(self, asks: Sequence[Ask]) -> Iterator[None]:
        """While this lasts, these requests' clients have read the head of the answer and read no further."""
        going_on = asyncio.Event()
        reading = [self._start(self._one(ask, going_on)) for ask in asks]
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(going_on.set)
            for each in reading:
                each.result(PATIENCE)

    def close(self) -> None:
        """End the process: what the application holds is closed."""
        self._start(self._lifespan.__aexit__(None, None, None)).result(PATIENCE)
        self._start(self._loop.shutdown_default_executor()).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _start(self, work: Any) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _many(self, asks: Sequence[Ask]) -> list[Answer]:
        return list(await asyncio.gather(*map(self._one, asks)))

    async def _one(self, ask: Ask, going_on: asyncio.Event | None = None) -> Answer:
        waiting = list(ask.chunks)
        got: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.sleep(PATIENCE)
                return {"type": "http.disconnect"}
            body = waiting.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            got.append(message)
            if going_on is not None and message["type"] == "http.response.body":
                await going_on.wait()

        await self._app(ask.scope(), receive, send)
        start = got[0]
        assert start["type"] == "http.response.start"
        assert not got[-1].get("more_body", False), "the answer has no end"
        body = b"".join(message.get("body", b"") for message in got[1:])
        return Answer(start["status"], start["headers"], body)


def as_json(value: Any) -> bytes:
    """JSON as Python writes it: NaN, lone surrogates and endless numbers included."""
    return json.dumps(value).encode()


def as_form(fields: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> bytes:
    return urlencode(fields, doseq=True, errors="surrogatepass").encode()


def as_multipart(fields: Mapping[str, str | tuple[str, bytes]]) -> bytes:
    """A form with files: text, or (file name, content)."""
    parts = []
    for name, value in fields.items():
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, tuple):
            head += b'; filename="' + value[0].encode("utf-8", "surrogatepass") + b'"'
        body = value[1] if isinstance(value, tuple) else value.encode("utf-8", "surrogatepass")
        parts.append(head + b"\r\n\r\n" + body + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _decoded(path: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path).decode("utf-8", "replace")

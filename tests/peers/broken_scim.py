"""A SCIM server that misbehaves on request, in a thread of the test: the shapes of SCIM-05 in attacks.md.

``with serving(Directory(users=people(5), cap=2)) as peer`` answers as a server that caps its pages; any function from
``Asked`` to ``Answer`` can stand in for the directory. ``peer.asked`` lists what was asked.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SCIM = "application/scim+json"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    query: dict[str, str]
    authorization: str


@dataclass(frozen=True)
class Answer:
    """What to send back; ``is_cut`` closes the connection before anything is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = SCIM
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


Behaviour = Callable[[Asked], Answer]


@dataclass
class BrokenPeer:
    """The running server: ``behave`` can be exchanged while it runs."""

    url: str
    behave: Behaviour
    asked: list[Asked] = field(default_factory=list)
    token: str = field(default="token-of-the-test", repr=False)


@dataclass
class Directory:
    """A directory that is nearly right; each flag is one way to be wrong.

    ``totals`` are announced one after the other, the last one for good; None announces nothing.
    """

    users: Sequence[Any] = ()
    groups: Sequence[Any] = ()
    cap: int | None = None
    is_zero_based: bool = False
    ignores_start: bool = False
    totals: list[Any] = field(default_factory=list)
    empty_from: int | None = None
    name: str = "Resources"

    def __call__(self, asked: Asked) -> Answer:
        endpoint = asked.path.rpartition("/")[2]
        if endpoint not in {"Users", "Groups"}:
            return answer({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]})
        known = self.users if endpoint == "Users" else self.groups
        start = 0 if self.ignores_start else max(int(asked.query["startIndex"]) - (not self.is_zero_based), 0)
        count = min(int(asked.query["count"]), self.cap or 1_000_000)
        page = list(known[start : start + count])
        if self.empty_from is not None and start >= self.empty_from:
            page = []
        body: dict[str, Any] = {self.name: page}
        total = len(known)
        if self.totals and asked.query["count"] != "1":
            total = self.totals.pop(0) if len(self.totals) > 1 else self.totals[0]
        if total is not None:
            body["totalResults"] = total
        return answer(body)


def people(count: int) -> list[dict[str, Any]]:
    """``count`` users with little more than an id."""
    return [{"id": f"u{i}", "userName": f"person{i}@corp.local", "active": True} for i in range(count)]


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    """A SCIM answer with ``body`` as JSON."""
    return Answer(status, json.dumps(body).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})


def first(*answers: Answer, then: Behaviour) -> Behaviour:
    """Give ``answers`` to the first requests, and behave as ``then`` afterwards."""
    waiting = list(answers)
    return lambda asked: waiting.pop(0) if waiting else then(asked)


@contextmanager
def serving(behave: Behaviour) -> Iterator[BrokenPeer]:
    """Serve on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(parts.path, dict(parse_qsl(parts.query)), self.headers.get("Authorization", ""))
            peer.asked.append(asked)
            found = peer.behave(asked)
            if found.is_cut:
                self.close_connection = True
                return
            self.send_response(found.status)
            for name, value in {"Content-Type": found.content_type, **found.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer = BrokenPeer(f"http://127.0.0.1:{server.server_address[1]}/scim/v2", behave)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

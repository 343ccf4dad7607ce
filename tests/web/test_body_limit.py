"""A body larger than its route takes is refused before the application has read it."""

import asyncio
from typing import Any

import pytest

from app.web.body_limit import BodyLimit
from tests.peers.web_server import exchange, served
from tests.web.small_app import FORM, application, client

HEAD = b"POST /uploads HTTP/1.1\r\nHost: 127.0.0.1:8440\r\nContent-Type: multipart/form-data\r\n"


def test_a_body_that_is_announced_too_large_is_refused_unread() -> None:
    with served(application()) as port:
        answer = exchange(port, HEAD + b"Content-Length: 3001\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    assert b"connection: close" in answer.lower()


def test_a_body_without_a_length_is_counted_and_the_application_does_not_get_more() -> None:
    with served(application()) as port:
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        answer = exchange(
            port,
            head + b"3e8\r\n" + b"a" * 1000 + b"\r\n3e8\r\n" + b"a" * 1000 + b"\r\n3e9\r\n" + b"a" * 1001 + b"\r\n",
        )
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/x", 1 << 20, 200), ("/x", (1 << 20) + 1, 413), ("/uploads", 3000, 200), ("/uploads", 3001, 413),
        ("/uploads/large", 5000, 200), ("/uploads/large", 5001, 413),
    ],
)  # fmt: skip
def test_each_path_has_its_limit(path: str, size: int, status: int) -> None:
    answer = client().post(path, headers=FORM, content=b"a" * size)
    assert answer.status_code == status


def test_an_application_that_swallows_the_end_still_does_not_answer() -> None:
    sent: list[Any] = []

    async def careless(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"saved"})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"a" * 60, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(BodyLimit(careless, 100)(scope, receive, send))
    assert [message.get("status") for message in sent] == [413, None]

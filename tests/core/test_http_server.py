"""The bounds on a request's head, tried over real connections."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.machine.http_server import LARGEST_HEAD, LARGEST_TARGET, MOST_HEADERS
from app.core.machine.listening import bind

ROOT = Path(__file__).parents[2]
SERVE = """
import socket, sys
from app.core.machine.http_server import serve
async def app(scope, receive, send):
    if scope["type"] == "http":
        body = scope["raw_path"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
serve(app, socket.socket(fileno=int(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    (listener,) = bind("127.0.0.1", 0, 1)
    with listener:
        number = listener.fileno()
        process = subprocess.Popen([sys.executable, "-c", SERVE, str(number)], pass_fds=[number], cwd=ROOT)
        yield listener.getsockname()
        process.terminate()
        process.wait()


def send(address: tuple[str, int], *parts: bytes) -> bytes:
    """Everything that comes back until the server closes, or has answered and we have."""
    with socket.create_connection(address, timeout=30) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it closed before we had said everything
        answer = b""
        while True:
            try:
                received = connection.recv(65536)
            except ConnectionResetError:
                return answer
            if not received:
                return answer
            answer += received


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


HOST = b"Host: here\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /" + b"a" * LARGEST_TARGET + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * MOST_HEADERS + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 100_000 + b"\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Folded: a\r\n b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=[
        "no host", "two hosts", "absolute form", "connect", "long target", "many headers", "100,000 headers",
        "two lengths", "length and chunks", "folded header", "tls",
    ],
)  # fmt: skip
def test_an_ambiguous_or_oversized_head_is_refused_and_the_next_request_is_served(
    address: tuple[str, int], head: bytes
) -> None:
    assert status(send(address, head)) == 400
    assert status(send(address, b"GET /next HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")) == 200


def test_one_header_that_never_ends_is_refused(address: tuple[str, int]) -> None:
    endless = [b"a" * 65536] * (8 * LARGEST_HEAD // 65536)
    assert status(send(address, b"GET / HTTP/1.1\r\n" + HOST + b"X: ", *endless)) == 400


def test_requests_on_a_kept_connection_are_bounded_each_for_itself(address: tuple[str, int]) -> None:
    padding = b"X: " + b"a" * (LARGEST_HEAD // 4) + b"\r\n"
    one = b"GET /again HTTP/1.1\r\n" + HOST + padding + b"\r\n"
    with socket.create_connection(address, timeout=30) as connection:
        for _ in range(8):
            connection.sendall(one)
            answer = b""
            while not answer.endswith(b"/again"):
                answer += connection.recv(65536)
            assert status(answer) == 200


def test_the_server_does_not_say_what_it_is(address: tuple[str, int]) -> None:
    assert b"server:" not in send(address, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n").lower()

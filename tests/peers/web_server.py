"""An ASGI application on a real port, served by our own server in a thread."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import uvicorn


@contextmanager
def served(app: Any, listener: socket.socket | None = None, http: Any = "httptools") -> Iterator[int]:
    """The port on which ``app`` answers."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=http, log_config=None, access_log=False, server_header=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def exchange(port: int, request: bytes) -> bytes:
    """Send raw bytes and read until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(request)
        received = b""
        try:
            while more := connection.recv(65536):
                received += more
        except (TimeoutError, ConnectionResetError):
            pass
        return received

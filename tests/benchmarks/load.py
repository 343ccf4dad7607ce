"""A load on a local server from one process: keep-alive connections, bounded in time, reading whole answers.

Raw sockets, so that the client costs the server's cores as little as can be.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle


@dataclass(frozen=True)
class Load:
    """What a load measured: requests a second, milliseconds at the 50th, 95th and 99th percentile."""

    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    failures: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.rate:8.0f} req/s   p50 {self.p50:6.1f} ms   p95 {self.p95:6.1f} ms   p99 {self.p99:6.1f} ms"
            f"   {self.requests} requests, {self.failures} failures"
        )


def load(
    port: int, paths: Sequence[str], headers: Mapping[str, str], *, seconds: float = 6.0, concurrency: int = 8
) -> Load:
    """Ask for ``paths`` in turn on 127.0.0.1 for ``seconds``, ``concurrency`` at a time; anything but 200 is a failure."""
    return asyncio.run(_load(port, paths, headers, seconds, concurrency))


async def _load(port: int, paths: Sequence[str], headers: Mapping[str, str], seconds: float, concurrency: int) -> Load:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = cycle([f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n".encode() for path in paths])
    times: list[float] = []
    failures = 0
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            status = head[9:12]
            length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
            failures += status != b"200"
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(concurrency)))
    took = time.perf_counter() - began
    times.sort()

    def at(share: float) -> float:
        return times[min(len(times) - 1, int(len(times) * share))] * 1000

    return Load(len(times), took, at(0.5), at(0.95), at(0.99), failures)

"""Files that are read while they are sent: a few at a time, closed whatever happens, and nobody else has to wait."""

import asyncio
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from app.web.downloads import Download

SCOPE: dict[str, Any] = {"type": "http", "asgi": {"spec_version": "2.3"}}


class File:
    """Three pieces, and whether it was closed."""

    def __init__(self, *, fails: bool = False) -> None:
        self.is_closed = False
        self.fails = fails

    def pieces(self) -> Generator[bytes, None, None]:
        try:
            yield b"one\r\n"
            if self.fails:
                raise ValueError("the database is gone")
            yield b"two\r\n"
        finally:
            self.is_closed = True


class Reader:
    """A client that reads on only when it is told to."""

    def __init__(self) -> None:
        self.has_some, self.going_on = asyncio.Event(), asyncio.Event()
        self.got: list[Any] = []

    async def send(self, message: Any) -> None:
        self.got.append(message)
        if message["type"] == "http.response.body":
            self.has_some.set()
            await self.going_on.wait()

    async def receive(self) -> Any:
        await asyncio.sleep(60)


def _database(at_once: int) -> Any:
    return SimpleNamespace(streams=asyncio.Semaphore(at_once))


def test_a_failure_in_the_middle_closes_the_file_and_has_no_end() -> None:
    file, reader = File(fails=True), Reader()
    reader.going_on.set()
    with pytest.raises(ValueError, match="gone"):
        asyncio.run(Download(_database(1), file.pieces(), "attachment")(SCOPE, reader.receive, reader.send))
    assert file.is_closed
    assert reader.got[-1]["more_body"]


def test_a_client_that_goes_away_closes_the_file() -> None:
    async def go_away() -> tuple[File, Reader]:
        file, reader = File(), Reader()
        download = asyncio.create_task(
            Download(_database(1), file.pieces(), "attachment")(SCOPE, reader.receive, reader.send)
        )
        await reader.has_some.wait()
        download.cancel()
        await asyncio.wait([download])
        return file, reader

    assert asyncio.run(go_away())[0].is_closed


def test_more_readers_than_places_wait_for_their_turn_and_get_everything() -> None:
    async def read_all() -> None:
        database = _database(2)
        readers = [Reader() for _ in range(5)]
        downloads = [
            asyncio.create_task(Download(database, File().pieces(), "attachment")(SCOPE, each.receive, each.send))
            for each in readers
        ]
        await asyncio.gather(readers[0].has_some.wait(), readers[1].has_some.wait())
        await asyncio.sleep(0.05)
        assert [len(each.got) for each in readers] == [2, 2, 0, 0, 0]
        for each in readers:
            each.going_on.set()
        await asyncio.gather(*downloads)
        for each in readers:
            assert b"".join(message.get("body", b"") for message in each.got) == b"one\r\ntwo\r\n"

    asyncio.run(read_all())

"""An uploaded file between its upload and its application: in the database, in sealed pieces, never in clear on a disk."""

import io
from collections.abc import Iterator
from typing import BinaryIO, Final
from uuid import UUID

import sqlalchemy as sa
from typing_extensions import Buffer, override

from app.connections.imports.models import ImportPart
from app.core.database import Db

PIECE: Final = 1 << 20
FILE, FAILED = "file", "failed"


def store(db: Db, import_id: UUID, kind: str, data: BinaryIO) -> None:
    """Store all of ``data``, piece by piece."""
    data.seek(0)
    number = 0
    while piece := data.read(PIECE):
        append(db, import_id, kind, number, piece)
        number += 1


def append(db: Db, import_id: UUID, kind: str, number: int, piece: bytes) -> None:
    """Store one piece."""
    sealed = db.keys.seal_bytes(_name(import_id, kind, number), piece)
    db.add(ImportPart(import_id=import_id, kind=kind, number=number, sealed=sealed))


def pieces(db: Db, import_id: UUID, kind: str) -> Iterator[bytes]:
    """The pieces in order, one in memory at a time."""
    number = 0
    while (piece := _piece(db, import_id, kind, number)) is not None:
        yield piece
        number += 1


def forget(db: Db, import_id: UUID, kind: str) -> None:
    """Delete the pieces."""
    db.run(sa.delete(ImportPart).where(ImportPart.import_id == import_id, ImportPart.kind == kind))


def opened(db: Db, import_id: UUID, size: int) -> BinaryIO:
    """The uploaded file, to be read like a file on a disk."""
    return io.BufferedReader(_SealedFile(db, import_id, size), PIECE)


class _SealedFile(io.RawIOBase):
    """Opens the piece that is asked for; the last one stays open."""

    def __init__(self, db: Db, import_id: UUID, size: int) -> None:
        super().__init__()
        self._db, self._id, self._size = db, import_id, size
        self._place = 0
        self._open: tuple[int, bytes] = (-1, b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._place

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    @override
    def readinto(self, buffer: Buffer) -> int:
        number, start = divmod(self._place, PIECE)
        if number != self._open[0]:
            self._open = (number, _piece(self._db, self._id, FILE, number) or b"")
        view = memoryview(buffer).cast("B")
        taken = self._open[1][start : start + len(view)]
        view[: len(taken)] = taken
        self._place += len(taken)
        return len(taken)


def _piece(db: Db, import_id: UUID, kind: str, number: int) -> bytes | None:
    this = (ImportPart.import_id == import_id, ImportPart.kind == kind, ImportPart.number == number)
    sealed = db.value(sa.select(ImportPart.sealed).where(*this))
    return None if sealed is None else db.keys.open_bytes(_name(import_id, kind, number), sealed)


def _name(import_id: UUID, kind: str, number: int) -> bytes:
    return b"import_parts\0" + import_id.bytes + f"{kind}\0{number}".encode()

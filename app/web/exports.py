"""Writes a list as CSV while it is read, in flat memory, so that a spreadsheet shows it and never runs it.

Above the rows stands what they are: who exported when, which filter, rows of total, how old each source is, which version.
The last line is the SHA-256 of every byte above it, since a stream cannot know it first: check it with
``head -n -1 export.csv | sha256sum``. A file without that line is not complete. The hash is also on the export afterwards,
for the event that records it. (A trailer field, RFC 9530, would be the place; the servers in use do not send any.)
"""

import csv
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from msgspec import Struct

_CHUNK = 64 * 1024
_BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the machine's old code page
# What a spreadsheet takes for a formula or a command, also full-width; behind apostrophes, so that reading back is exact.
_STARTS = "=+\\-@|\t\r\n\x00\uff1d\uff0b\uff0d\uff20\uff5c"
_DANGEROUS = re.compile(f"'*[{_STARTS}]")
_FIRST = frozenset("'=+-@|\t\r\n\x00\uff1d\uff0b\uff0d\uff20\uff5c")


class ExportHead(Struct, frozen=True):
    """What an export says about itself. ``sources`` are (name, last complete sync or None); moments are UTC."""

    title: str
    exported_by: str
    exported_at: datetime
    filter: str
    rows: int
    total: int
    sources: Sequence[tuple[str, datetime | None]]
    version: str
    columns: Sequence[str]


class CsvExport:
    """One export. ``sha256`` and ``rows`` are known once the stream has been read to its end."""

    def __init__(self, head: ExportHead) -> None:
        self.head = head
        self.rows = 0
        self.sha256: str | None = None

    def stream(self, rows: Iterable[Sequence[str]]) -> Generator[bytes, None, None]:
        """The file in pieces of about 64 KB; ``rows`` have a text for each column of the head."""
        digest = sha256()
        for piece in self._pieces(rows):
            encoded = piece.encode("utf-8", "replace")
            digest.update(encoded)
            yield encoded
        self.sha256 = digest.hexdigest()
        yield f"# SHA-256,{self.sha256}\r\n".encode()

    def _pieces(self, rows: Iterable[Sequence[str]]) -> Iterator[str]:
        parts = _Parts([_BYTE_ORDER_MARK])
        writer = csv.writer(parts, lineterminator="\r\n")
        for line in _head_lines(self.head):
            writer.writerow(map(safe_cell, line))
        size = sum(map(len, parts))
        for row in rows:
            size += writer.writerow([cell if cell[:1] not in _FIRST else safe_cell(cell) for cell in row])
            self.rows += 1
            if size >= _CHUNK:
                yield "".join(parts)
                parts.clear()
                size = 0
        yield "".join(parts)


class _Parts(list[str]):
    """What the csv module writes to; a row's length comes back from ``writerow``."""

    def write(self, text: str) -> int:
        self.append(text)
        return len(text)


def safe_cell(cell: str) -> str:
    """``cell`` with an apostrophe in front where a spreadsheet would run it."""
    return "'" + cell if _DANGEROUS.match(cell) else cell


def _head_lines(head: ExportHead) -> Iterator[Sequence[str]]:
    yield ("# Export", head.title)
    yield ("# Exported by", head.exported_by)
    yield ("# Exported at", _moment(head.exported_at))
    yield ("# Filter", head.filter or "none")
    yield ("# Rows", f"{head.rows} of {head.total}")
    for name, synced in head.sources:
        yield ("# Source", name, f"last complete sync {_moment(synced)}" if synced else "never completely synced")
    yield ("# Version", f"Stackwarden {head.version}")
    yield head.columns


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")

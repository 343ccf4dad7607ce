"""A table as it comes out of a file: a header, and rows that are read as they are needed.

Every limit is a number here. What exceeds one refuses the file, with the row and column where it did.

A list that the product exported comes in like any other: the lines above its header say what it is and its last line
proves it complete, so neither is a row. Its ids are the product's own and identify nobody in a source.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct
from typing_extensions import override

from connectors.sdk.errors import NeedsPerson
from connectors.sdk.redaction import shown

MOST_BYTES: Final = 100 * 1024 * 1024
MOST_ROWS: Final = 250_000
MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 131_072
LONGEST_LINE: Final = 1_000_000
_LONGEST_NAME: Final = 200
_EXPORT: Final = "# Export"
_ABOUT: Final = frozenset({_EXPORT, "# Exported by", "# Exported at", "# Filter", "# Rows", "# Source", "# Version"})
_PROOF: Final = "# SHA-256"
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_OWN_ID: Final = {"Id": "Id (Stackwarden)"}  # a name under which nobody looks for the id of a source


class FileRefused(NeedsPerson):
    """The file cannot be read as a table; ``row`` and ``column`` say where, as a spreadsheet program numbers them."""

    def __init__(self, message: str, *, row: int | None = None, column: str = "") -> None:
        place = ", ".join([*([f"Row {row}"] if row else []), *([f"column {column}"] if column else [])])
        super().__init__(f"{place}: {message}" if place else message)
        self.row = row
        self.column = column


class Fault(Struct, frozen=True):
    """Why a cell, or with column None a whole row, must not be used; ``reason`` is half a sentence."""

    column: int | None
    reason: str


class Row(Struct, frozen=True):
    """One row that is not empty: its number, as many cells as the table has columns, and what is wrong with it."""

    number: int
    cells: tuple[str, ...]
    faults: tuple[Fault, ...] = ()

    @override
    def __repr__(self) -> str:
        return f"Row({self.number}, {len(self.cells)} cells)"


class Table(Struct, frozen=True):
    """A file opened: its columns, and its rows, once and in order; reading on may raise ``FileRefused``.

    ``sheets`` are the names of all visible sheets of a workbook, of which the first was opened.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    format: Literal["csv", "xlsx"]
    sheets: tuple[str, ...] = ()


class RawRow(Struct, frozen=True):
    """A row as a format delivers it, before it is compared with the header."""

    number: int
    cells: Sequence[str]
    faults: tuple[Fault, ...] = ()


def tabulate(raw: Iterator[RawRow], source: Literal["csv", "xlsx"], sheets: tuple[str, ...] = ()) -> Table:
    """The table of ``raw``, whose first row is the header; refused without a header or without a row below it."""
    header = next(raw, None)
    if header is None:
        raise FileRefused("The file is empty.")
    if _first(header) == _EXPORT:
        header, raw = _without_frame(raw)
    columns = _columns(header)
    rows = _rows(raw, len(columns))
    first = next(rows, None)
    if first is None:
        raise FileRefused("The file has a header and nothing below it.")
    return Table(columns, _chained(first, rows), source, sheets)


def letter(column: int) -> str:
    """The letters of a column counted from 0: A, B, … Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _without_frame(raw: Iterator[RawRow]) -> tuple[RawRow, Iterator[RawRow]]:
    """The header and the rows of a list that we exported, of which the first line has been read."""
    header = next((row for row in raw if _first(row) not in _ABOUT), None)
    if header is None or _is_proof(header):
        raise FileRefused("The file says what it is and holds no table.")
    named = RawRow(header.number, [_OWN_ID.get(name, name) for name in header.cells], header.faults)
    return named, (row for row in raw if not _is_proof(row))


def _is_proof(row: RawRow) -> bool:
    return _first(row) == _PROOF and _DIGEST.fullmatch("".join(row.cells[1:])) is not None


def _first(row: RawRow) -> str:
    return row.cells[0] if row.cells else ""


def _columns(header: RawRow) -> tuple[str, ...]:
    names = [" ".join(name.split()) for name in header.cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise FileRefused(f"There are more than {MOST_COLUMNS} columns.", row=header.number)
    known: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name.isprintable() or len(name) > _LONGEST_NAME:
            raise FileRefused("This is no name for a column.", row=header.number, column=letter(index))
        first = known.setdefault(name.casefold(), index)
        if name and first != index:
            again = f"“{shown(name)}” is already the name of column {letter(first)}."
            raise FileRefused(again, row=header.number, column=letter(index))
    return tuple(name or f"(column {letter(index)})" for index, name in enumerate(names))


def _rows(raw: Iterator[RawRow], width: int) -> Iterator[Row]:
    for count, row in enumerate(raw, 1):
        if count > MOST_ROWS:
            raise FileRefused(f"There are more than {MOST_ROWS:,} rows. Split the file.", row=row.number)
        cells, faults = tuple(row.cells), row.faults
        if len(cells) != width:
            if any(cells[width:]):
                faults = (*faults, Fault(None, f"has {len(cells)} cells, and the header has {width}"))
            cells = (*cells[:width], *("",) * (width - len(cells)))
        yield Row(row.number, cells, faults)


def _chained(first: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rows

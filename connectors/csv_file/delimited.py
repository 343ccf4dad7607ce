"""CSV and its relatives: encoding and delimiter are found out, lines are bounded, and rows are read as needed.

UTF-8, UTF-16 and Windows-1252 are told apart by reading the whole file once; a file that is partly UTF-8 and partly
not is refused at the row where that shows, because half of its names would come out garbled. RFC 4180.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO, Final

from connectors.csv_file.table import LONGEST_CELL, LONGEST_LINE, FileRefused, RawRow, Table, tabulate

DELIMITERS: Final = ",;\t|"
_CHUNK: Final = 1 << 20
_SAMPLE_LINES: Final = 20
_MULTIBYTE: Final = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_DECLARED: Final = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def open_delimited(data: BinaryIO) -> Table:
    """The table in a delimited text file; see ``tables.open_table``."""
    encoding = _encoding(data)
    data.seek(0)
    lines = _lines(data, encoding)
    sample = list(islice(lines, _SAMPLE_LINES))
    declared = _DECLARED.fullmatch(sample[0]) if sample else None
    delimiter = declared[1] if declared else _delimiter(sample)
    return tabulate(_records(_chain(sample, lines), delimiter, skip=1 if declared else 0), "csv")


def _encoding(data: BinaryIO) -> str:
    """The name of the codec, by the mark at the beginning or by what the bytes can be."""
    head = data.read(4096)
    for mark, name in _BOMS:
        if head.startswith(mark):
            _check(data, name.removesuffix("-sig"))
            return name
    if head[1::2].count(0) * 3 > len(head):
        _check(data, "utf-16-le")
        return "utf-16-le"
    if head[::2].count(0) * 3 > len(head):
        _check(data, "utf-16-be")
        return "utf-16-be"
    return _eight_bit(data)


def _check(data: BinaryIO, encoding: str) -> None:
    """Refuse a file that is not what its beginning says."""
    broken = _first_broken(data, encoding)
    if broken is not None:
        raise FileRefused(f"The file begins as {encoding.upper()} and does not go on as that.", row=broken)


def _first_broken(data: BinaryIO, encoding: str) -> int | None:
    """The line at which ``data`` cannot be decoded, None when it can."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    data.seek(0)
    while True:
        chunk = data.read(_CHUNK)
        try:
            line += decoder.decode(chunk, not chunk).count("\n")
        except UnicodeError as error:
            good = chunk[: getattr(error, "start", 0)]
            return line + good.count(b"\n")
        if not chunk:
            return None


def _eight_bit(data: BinaryIO) -> str:
    broken = _first_broken(data, "utf-8")
    if broken is None:
        return "utf-8"
    data.seek(0)
    while chunk := data.read(_CHUNK):
        if _MULTIBYTE.search(chunk):
            advice = "The file mixes encodings, so names would be garbled. Save it again as “CSV UTF-8”."
            raise FileRefused(advice, row=broken)
    return "cp1252" if _first_broken(data, "cp1252") is None else "latin-1"


def _lines(data: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines with their ends; the file is left open."""
    text = io.TextIOWrapper(data, encoding, newline="")
    try:
        number = 0
        while line := text.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise FileRefused(f"The line is longer than {LONGEST_LINE:,} characters.", row=number)
            yield line
    finally:
        with suppress(ValueError):  # the file may be closed before the last row is read
            text.detach()


def _delimiter(sample: list[str]) -> str:
    """The character that cuts most of the first lines into as many cells as the header; a comma when none does."""
    best, most = DELIMITERS[0], (0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]), widths[0])
            best, most = (delimiter, score) if score > most else (best, most)
    return best


def _chain(sample: list[str], lines: Iterator[str]) -> Iterator[str]:
    yield from sample
    yield from lines


def _records(lines: Iterator[str], delimiter: str, *, skip: int) -> Iterator[RawRow]:
    """The rows that are not empty. A quoted line break does not begin a new row, as in a spreadsheet program."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(error, number) from None
        if number > skip and any(cells):
            yield RawRow(number, cells)


def _refused(error: csv.Error, row: int) -> FileRefused:
    said = str(error)
    if "field limit" in said:
        advice = f"A cell is longer than {LONGEST_CELL:,} characters. Is there a quotation mark that is never closed?"
    elif "unexpected end" in said:
        advice = "A quotation mark is opened here and never closed."
    else:
        advice = "A quotation mark stands where it must not: inside a quoted cell it must be doubled."
    return FileRefused(advice, row=row)

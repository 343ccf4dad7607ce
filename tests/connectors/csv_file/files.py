"""Making files for the tests, good and bad."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"


def csv_bytes(*lines: str, encoding: str = "utf-8", end: str = "\n") -> io.BytesIO:
    return io.BytesIO((end.join(lines) + end).encode(encoding))


def xlsx(rows: Iterable[Sequence[Any]], title: str = "People") -> io.BytesIO:
    """A workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> io.BytesIO:
    data = io.BytesIO()
    book.save(data)
    data.seek(0)
    return data


def with_part(name: str, content: bytes, *, of: io.BytesIO | None = None) -> io.BytesIO:
    """A workbook in which one part is replaced or added."""
    data = io.BytesIO()
    with (
        zipfile.ZipFile(of or xlsx([["Email"], ["a@b"]])) as old,
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    data.seek(0)
    return data


def sheet(rows: str) -> bytes:
    return f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()

"""xlsx (ECMA-376, SpreadsheetML): the first visible sheet as text, piece by piece.

Dates come as yyyy-mm-dd, numbers as they are typed. A formula is a fault of its cell, even where the file carries a
result: the result is whatever the last program left there. So is an error value such as #N/A.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import BinaryIO, Final
from zipfile import ZipFile

from msgspec import Struct

from connectors.csv_file.archive import chunks, open_archive
from connectors.csv_file.sheet import SheetReader
from connectors.csv_file.table import FileRefused, RawRow, Table, tabulate
from connectors.csv_file.xml_stream import stream

_MEGABYTE: Final = 1024 * 1024
_SMALL_PART: Final = 8 * _MEGABYTE
_STRINGS: Final = 32 * _MEGABYTE
_SHEET: Final = 200 * _MEGABYTE
_MOST_STRINGS: Final = 1_000_000
_BUILT_IN_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERALS: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DATE_CODE: Final = re.compile(r"[dmyhs]", re.IGNORECASE)


class _Sheet(Struct, frozen=True):
    name: str
    relation: str


class _Contents:
    """What workbook.xml and its relations say: the visible sheets, where parts lie, and which epoch dates count from."""

    def __init__(self, archive: ZipFile) -> None:
        self.sheets: list[_Sheet] = []
        self.places: dict[str, str] = {}
        self.is_1904 = False
        self._read(archive, "xl/workbook.xml")
        self._read(archive, "xl/_rels/workbook.xml.rels")

    def _read(self, archive: ZipFile, name: str) -> None:
        for _ in stream(chunks(archive, name, _SMALL_PART), opened=self._opened, closed=_ignore, text=_ignore):
            pass

    def _opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            self.is_1904 = attributes.get("date1904") in {"1", "true"}
        elif name == "sheet" and attributes.get("state", "visible") == "visible":
            relation = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            self.sheets.append(_Sheet(attributes.get("name", ""), relation))
        elif name == "Relationship":
            place = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
            self.places[attributes.get("Id", "")] = place


class _Strings:
    """sharedStrings.xml: the texts that cells refer to by number, without their phonetic guides."""

    def __init__(self, archive: ZipFile) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._phonetic = 0
        source = chunks(archive, "xl/sharedStrings.xml", _STRINGS)
        for _ in stream(source, opened=self._opened, closed=self._closed, text=self._text):
            pass

    def _opened(self, name: str, _attributes: dict[str, str]) -> None:
        self._is_text = name == "t" and not self._phonetic
        self._phonetic += name == "rPh"

    def _closed(self, name: str) -> None:
        self._is_text = False
        self._phonetic -= name == "rPh"
        if name == "si":
            if len(self.texts) >= _MOST_STRINGS:
                raise FileRefused(f"The workbook has more than {_MOST_STRINGS:,} texts. Split the table.")
            self.texts.append("".join(self._parts))
            self._parts.clear()

    def _text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)


class _Styles:
    """styles.xml: which cell styles show a number as a date."""

    def __init__(self, archive: ZipFile) -> None:
        self.dates: set[str] = set()
        self._own: dict[str, str] = {}
        self._is_list = False
        self._count = 0
        source = chunks(archive, "xl/styles.xml", _SMALL_PART)
        for _ in stream(source, opened=self._opened, closed=self._closed, text=_ignore):
            pass

    def _opened(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            self._own[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._is_list = True
        elif name == "xf" and self._is_list:
            if self._is_date(attributes.get("numFmtId", "")):
                self.dates.add(str(self._count))
            self._count += 1

    def _closed(self, name: str) -> None:
        if name == "cellXfs":
            self._is_list = False

    def _is_date(self, number: str) -> bool:
        if number in self._own:
            return _DATE_CODE.search(_LITERALS.sub("", self._own[number])) is not None
        return number.isdigit() and len(number) <= 3 and int(number) in _BUILT_IN_DATES  # noqa: PLR2004


def open_workbook(data: BinaryIO) -> Table:
    """The table in the first visible sheet; see ``tables.open_table``."""
    archive = open_archive(data)
    contents, names = _Contents(archive), set(archive.namelist())
    place = contents.places.get(contents.sheets[0].relation, "") if contents.sheets else ""
    if place not in names:
        raise FileRefused("The workbook has no sheet with a table.")
    reader = SheetReader(
        strings=_Strings(archive).texts if "xl/sharedStrings.xml" in names else [],
        dates=frozenset(_Styles(archive).dates if "xl/styles.xml" in names else ()),
        is_1904=contents.is_1904,
    )
    return tabulate(_rows(archive, place, reader), "xlsx", tuple(sheet.name for sheet in contents.sheets))


def _rows(archive: ZipFile, place: str, reader: SheetReader) -> Iterator[RawRow]:
    source = chunks(archive, place, _SHEET)
    for _ in stream(source, opened=reader.opened, closed=reader.closed, text=reader.text):
        yield from reader.take()


def _ignore(*_: object) -> None:
    pass

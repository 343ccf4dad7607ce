"""The rows of one worksheet, collected from its elements as they pass (ECMA-376 part 1, §18.3.1)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NoReturn

from connectors.csv_file.table import LONGEST_CELL, MOST_COLUMNS, Fault, FileRefused, RawRow, letter

_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's date has no zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_MOST_DAYS: Final = 2_958_466
_MOST_ROWS_EVER: Final = 1_048_576
_MOST_COLUMNS_EVER: Final = 16_384
_MOST_DIGITS: Final = 15


class SheetReader:
    """Fed with the elements of a sheet; ``take`` gives the rows that have become whole."""

    def __init__(self, *, strings: Sequence[str], dates: frozenset[str], is_1904: bool) -> None:
        self._strings = strings
        self._dates = dates
        self._epoch = _EPOCH_1904 if is_1904 else _EPOCH
        self._done: list[RawRow] = []
        self._row = 0
        self._column = -1
        self._cells: dict[int, str] = {}
        self._faults: list[Fault] = []
        self._type = ""
        self._style = ""
        self._is_formula = False
        self._is_value = False
        self._parts: list[str] = []
        self._length = 0

    def take(self) -> list[RawRow]:
        """The rows since the last time; rows without any content are left out."""
        done, self._done = self._done, []
        return done

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "c":
            self._open_cell(attributes)
        elif name in {"v", "t"}:
            self._is_value = True
        elif name == "f":
            self._is_formula = True
        elif name == "row":
            self._open_row(attributes)

    def closed(self, name: str) -> None:
        """An element ends."""
        if name in {"v", "t"}:
            self._is_value = False
        elif name == "c":
            self._close_cell()
        elif name == "row" and (self._cells or self._faults):
            width = max(self._cells, default=-1) + 1
            cells = [self._cells.get(index, "") for index in range(width)]
            self._done.append(RawRow(self._row, cells, tuple(self._faults)))

    def text(self, text: str) -> None:
        """Characters within the current element."""
        if self._is_value:
            self._length += len(text)
            if self._length > LONGEST_CELL:
                self._refuse(f"The cell is longer than {LONGEST_CELL:,} characters.")
            self._parts.append(text)

    def _open_row(self, attributes: dict[str, str]) -> None:
        given = attributes.get("r", "")
        row = int(given) if given.isdigit() and len(given) < 8 else self._row + 1  # noqa: PLR2004
        if not self._row < row <= _MOST_ROWS_EVER:
            raise FileRefused("The rows of the workbook are not in order. Save it again.", row=self._row + 1)
        self._row, self._column = row, -1
        self._cells, self._faults = {}, []

    def _open_cell(self, attributes: dict[str, str]) -> None:
        self._column = _column(attributes.get("r", ""), self._column + 1)
        if self._column >= _MOST_COLUMNS_EVER:
            raise FileRefused("The row has more cells than a sheet can have.", row=self._row)
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._is_formula = False
        self._parts, self._length = [], 0

    def _close_cell(self) -> None:
        text = "".join(self._parts).strip()
        if not text and not self._is_formula:
            return
        if self._column >= MOST_COLUMNS:
            self._refuse(f"There are more than {MOST_COLUMNS} columns.")
        self._cells[self._column] = self._shown(text)
        if self._is_formula:
            self._faults.append(Fault(self._column, "is a formula; paste its value instead"))
        elif self._type == "e":
            self._faults.append(Fault(self._column, f"holds the error {text[:20]}"))

    def _shown(self, text: str) -> str:
        """The cell's text as its type means it."""
        if self._type == "s":
            if not text.isdigit() or len(text) >= _MOST_DIGITS or int(text) >= len(self._strings):
                self._refuse("The cell refers to a text that is not there.")
            return self._strings[int(text)].strip()
        if self._type == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(text, text)
        return self._number(text) if self._type == "n" else text

    def _number(self, text: str) -> str:
        try:
            number = float(text)
        except ValueError:
            return text
        if self._style in self._dates and 0 < number < _MOST_DAYS:
            moment = self._epoch + timedelta(seconds=round(number * 86_400))
            return moment.date().isoformat() if number.is_integer() else moment.isoformat(sep=" ")
        is_whole = number.is_integer() and abs(number) < 10**_MOST_DIGITS
        return str(int(number)) if is_whole and not text.isdigit() else text

    def _refuse(self, message: str) -> NoReturn:
        raise FileRefused(message, row=self._row, column=letter(self._column))


def _column(reference: str, following: int) -> int:
    """The column of a reference such as AB12, counted from 0; the one that follows when there is none."""
    number = 0
    for char in reference[:4]:
        if not "A" <= char <= "Z":
            break
        number = number * 26 + ord(char) - ord("A") + 1
    return number - 1 if number else following

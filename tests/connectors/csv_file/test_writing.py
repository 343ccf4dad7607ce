"""No cell we write is a formula to a spreadsheet program, and each comes back as it was (attacks.md CSV-01)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv_file.writing import csv_file, restored, safe

DANGEROUS = [
    "=1+1",
    "+31 20",
    "-5",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "|cmd",
    "\uff1d1",
    "\0x",
    "'=1",
    "''+x",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_no_cell_is_written_as_a_formula_and_each_comes_back_exactly(cell: str) -> None:
    assert safe(cell).startswith("'")
    assert restored(safe(cell)) == cell


@given(st.text())
def test_any_cell_comes_back_exactly_and_is_never_a_formula(cell: str) -> None:
    assert restored(safe(cell)) == cell
    assert safe(cell)[:1] not in {"=", "+", "-", "@", "\t", "\r"}


def test_a_file_quotes_what_must_be_quoted_and_is_marked_as_utf8() -> None:
    assert csv_file([["a,b", 'say "x"', "ë\n=1", "-5"]]) == b'\xef\xbb\xbf"a,b","say ""x""","\xc3\xab\n=1",\'-5\r\n'

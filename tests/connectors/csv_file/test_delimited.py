"""CSV files as people save them, and as attackers do (attacks.md CSV-02)."""

import io
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.csv_file.table import MOST_COLUMNS, FileRefused, Row
from connectors.csv_file.tables import open_table
from tests.connectors.csv_file.files import csv_bytes


def rows_of(data: io.BytesIO, name: str = "people.csv") -> list[tuple[str, ...]]:
    table = open_table(data, name)
    return [table.columns, *(row.cells for row in table.rows)]


def refusal_of(data: io.BytesIO, name: str = "people.csv") -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        rows_of(data, name)
    return refused.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b"\n\n , ,\n", "The file is empty."),
        (b"Email,Name\n", "a header and nothing below it"),
        (b"Email,Name\n\n,,\n", "a header and nothing below it"),
        (b"Email,Name,email \na,b,c\n", "Row 1, column C: “email” is already the name of column A"),
        (b"Em\0ail,Name\na,b\n", "Row 1, column A: This is no name"),
        (b"x" * 201 + b",b\na,b\n", "Row 1, column A: This is no name"),
        (b",".join(b"c%d" % i for i in range(MOST_COLUMNS + 1)) + b"\n1\n", "Row 1: There are more than 200 columns"),
        (b'Email,Name\na@b,Ada\nc@d,"Bram\ne@f,Fenna\n', "Row 3: A quotation mark is opened here and never closed"),
        (b'Email,Name\na@b,"Ada" Bos\n', "Row 2: A quotation mark stands where it must not"),
        (b'Email\n"' + b"x" * 200_000 + b'"\n', "Row 2: A cell is longer than 131,072 characters"),
        (b"Email\n" + b"x" * 1_000_001, "Row 2: The line is longer than 1,000,000 characters"),
        (b'Email\n"' + b"a\n" * 200_000, "Row 2: A cell is longer"),
        (b"Email\nZo\xc3\xab\nZo\xeb\n", "Row 3: The file mixes encodings"),
        (b"Email\nZo\xeb\nZo\xc3\xab\n", "Row 2: The file mixes encodings"),
        (b"\xef\xbb\xbfEmail\nZo\xeb\n", "Row 2: The file begins as UTF-8 and does not go on"),
        ("Email\nZoë\n".encode("utf-16")[:-1], "The file begins as UTF-16 and does not go on"),
        (b"%PDF-1.7 ...", "This is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "Save it as .xlsx without a password"),
        (b"\x89PNG\r\n", "This is a picture"),
        (b"\x1f\x8b\x08", "Unpack it first"),
        (b" \n<!DOCTYPE html><table>", "a web page or XML"),
        (b'{"a": 1}', "This is JSON"),
        (b"PK\x03\x04 no zip", "The workbook is damaged"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_place(content: bytes, message: str) -> None:
    assert message in refusal_of(io.BytesIO(content)).message


def test_a_name_that_promises_a_workbook_is_held_to_it() -> None:
    assert "promis" not in refusal_of(csv_bytes("Email", "a@b"), "People.XLSX").message
    assert "is a workbook, and the content is none" in refusal_of(csv_bytes("Email", "a@b"), "People.XLSX").message


def test_too_many_rows_are_refused_where_they_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.csv_file.table.MOST_ROWS", 3)
    assert refusal_of(csv_bytes("Email", "a", "b", "c", "d")).row == 5


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    class Huge(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return 10**9 if whence == 2 else super().seek(offset)

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("it was read")

    assert "larger than 100 MB" in refusal_of(Huge()).message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_encoding_and_line_end_is_found_out(encoding: str, end: str) -> None:
    data = csv_bytes("Email,Naam", "a@b,Zoë Çelik", "c@d,Köln", encoding=encoding, end=end)
    assert rows_of(data) == [("Email", "Naam"), ("a@b", "Zoë Çelik"), ("c@d", "Köln")]


def test_the_euro_sign_and_quotes_of_windows_are_not_lost() -> None:
    assert rows_of(csv_bytes("Email,Notes", "a@b,€ 5 „x“", encoding="cp1252"))[1] == ("a@b", "€ 5 „x“")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_all_lines_alike(delimiter: str) -> None:
    lines = ["Email{0}Name{0}Start", 'a@b{0}"Bos, Ada; dr.|\t"{0}1 May 2024', "c@d{0}x{0}"]
    assert rows_of(csv_bytes(*(line.format(delimiter) for line in lines)))[1] == ("a@b", "Bos, Ada; dr.|", "1 May 2024")


def test_a_declared_delimiter_is_believed_and_rows_keep_their_numbers() -> None:
    table = open_table(csv_bytes("sep=|", "Email|Name,x", "a@b|1,2"))
    assert table.columns == ("Email", "Name,x")
    assert [(row.number, row.cells) for row in table.rows] == [(3, ("a@b", "1,2"))]


def test_one_column_is_a_table_too() -> None:
    assert rows_of(csv_bytes("Email", "a@b")) == [("Email",), ("a@b",)]


def test_rows_are_numbered_as_a_spreadsheet_program_shows_them() -> None:
    table = open_table(csv_bytes("", "Email,Name", "", 'a@b,"Ada', 'Bos"', ",,", "c@d,Bram"))
    assert [row.number for row in table.rows] == [4, 6]


def test_short_rows_are_filled_and_long_ones_are_faulty() -> None:
    [short, empty_tail, long] = open_table(csv_bytes("Email,Name", "a@b", "c@d,x,,", "e@f,x,y")).rows
    assert (short, empty_tail) == (Row(2, ("a@b", "")), Row(3, ("c@d", "x")))
    assert [fault.reason for fault in long.faults] == ["has 3 cells, and the header has 2"]


def test_columns_without_a_name_are_called_by_their_letter_and_empty_ones_at_the_end_are_left_out() -> None:
    assert open_table(csv_bytes(" E-mail\taddress ,,Name,,", "a,b,c")).columns == (
        "E-mail address",
        "(column B)",
        "Name",
    )


def test_the_file_is_left_open_for_the_next_reader() -> None:
    data = csv_bytes("Email", "a@b")
    assert rows_of(data) == rows_of(data)
    assert not data.closed


def test_memory_stays_flat_however_long_the_file_is() -> None:
    data = csv_bytes("Email,Name", *(f"person{i}@corp.local,{'x' * 100}" for i in range(20_000)))
    tracemalloc.start()
    count = sum(1 for _ in open_table(data).rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 6 * 1024 * 1024


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_are_a_table_or_a_clear_refusal(content: bytes) -> None:
    with suppress(FileRefused):
        rows_of(io.BytesIO(content))


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=300)
def test_any_text_below_a_header_is_read_or_clearly_refused(text: str, encoding: str) -> None:
    data = io.BytesIO(f"Email,Name\n{text}\n".encode(encoding))
    with suppress(FileRefused):
        rows = rows_of(data)
        assert all(len(row) == len(rows[0]) for row in rows)

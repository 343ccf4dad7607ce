"""xlsx files as programs write them, and as attackers do (attacks.md FILE-03)."""

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.csv_file.table import FileRefused
from connectors.csv_file.tables import open_table
from tests.connectors.csv_file.files import MAIN, SHEET, csv_bytes, saved, sheet, with_part, xlsx

ROW = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'


def rows_of(data: io.BytesIO) -> list[tuple[str, ...]]:
    table = open_table(data, "people.xlsx")
    return [table.columns, *(row.cells for row in table.rows)]


def refusal_of(data: io.BytesIO) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        rows_of(data)
    return refused.value


def zipped(*parts: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    data.seek(0)
    return data


LAUGHS = b"".join(
    [
        b'<!DOCTYPE lolz [<!ENTITY a "ha">',
        *(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)),
        b"]>",
    ]
)
EXTERNAL = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        (SHEET, LAUGHS + b"<worksheet><row><c><v>&j;</v></c></row></worksheet>", "holds a document type"),
        (SHEET, EXTERNAL + b"<worksheet><row><c><v>&f;</v></c></row></worksheet>", "holds a document type"),
        ("xl/sharedStrings.xml", LAUGHS + b"<sst><si><t>&j;</t></si></sst>", "holds a document type"),
        ("xl/workbook.xml", LAUGHS + b"<workbook/>", "holds a document type"),
        (SHEET, b"<worksheet><sheetData>", "no well-formed XML"),
        (SHEET, b"", "no well-formed XML"),
        (SHEET, b"<worksheet>&undefined;</worksheet>", "no well-formed XML"),
        (SHEET, sheet(""), "The file is empty"),
        (SHEET, sheet("<row/>" * 1000), "The file is empty"),
        (SHEET, sheet('<row r="2"/><row r="1"/>'), "not in order"),
        (SHEET, sheet('<row r="1048577"/>'), "not in order"),
        (SHEET, sheet("<row>" + "<c/>" * 20_000 + "</row>"), "more cells than a sheet can have"),
        (SHEET, sheet('<row><c r="ZZ1"><v>1</v></c></row>'), "Row 1, column ZZ: There are more than 200 columns"),
        (SHEET, sheet('<row><c t="s"><v>99</v></c></row>'), "Row 1, column A: The cell refers to a text that is not"),
        (SHEET, sheet('<row><c t="s"><v>-1</v></c></row>'), "refers to a text that is not there"),
        (SHEET, sheet(ROW.format(1, "x" * 140_000)), "Row 1, column A: The cell is longer than 131,072"),
        (SHEET, sheet("<a>" * 50_000), "no well-formed XML"),
        ("xl/workbook.xml", b"<workbook/>", "no sheet with a table"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships/>", "no sheet with a table"),
        ("xl/workbook.bin", b"", "a binary Excel file"),
        (SHEET, sheet("<row/>" * 5_000_000), "packed in a way no spreadsheet program does"),
    ],
)
def test_a_workbook_that_is_wrong_inside_is_refused(part: str, content: bytes, message: str) -> None:
    assert message in refusal_of(with_part(part, content)).message


def test_a_bomb_that_hides_its_ratio_is_stopped_by_its_number_of_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.csv_file.xml_stream.MOST_ELEMENTS", 50_000)
    cells = "".join(f"<row><c s='{i * 7919 % 9973}'/></row>" for i in range(30_000))
    data = with_part(SHEET, sheet(cells))
    tracemalloc.start()
    assert "too many cells" in refusal_of(data).message
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


def test_too_many_shared_texts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.csv_file.workbook._MOST_STRINGS", 2)
    texts = f'<sst xmlns="{MAIN}">{"<si><t>a</t></si>" * 3}</sst>'.encode()
    assert "more than 2 texts" in refusal_of(with_part("xl/sharedStrings.xml", texts)).message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped(("readme.txt", b"hello")), "a zip file and not a workbook"),
        (zipped(("content.xml", b"<x/>"), ("mimetype", b"x")), "an OpenDocument file"),
        (zipped(*((f"{i}", b"") for i in range(1001))), "too large when unpacked"),
        (zipped(("xl/workbook.xml", b"\0" * 5_000_000)), "packed in a way"),
        (zipped(("xl/workbook.xml", b"<x/>"), method=zipfile.ZIP_BZIP2), "packed in a way"),
        (zipped(("xl/workbook.xml", b"<workbook/>")), "cannot be unpacked"),
    ],
)
def test_an_archive_that_no_spreadsheet_program_wrote_is_refused(data: io.BytesIO, message: str) -> None:
    assert message in refusal_of(data).message


def test_parts_that_overlap_in_the_file_are_refused() -> None:
    content = zipped(("xl/workbook.xml", bytes(range(256)) * 40), method=zipfile.ZIP_STORED).getvalue()
    begin = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[begin:end]
    many = content[:begin] + entry * 50 + content[end:]
    size, tail = len(entry) * 50, bytearray(many[-22:])
    tail[8:16] = struct.pack("<HHL", 50, 50, size)
    assert "packed in a way" in refusal_of(io.BytesIO(many[:-22] + bytes(tail))).message


def test_a_size_that_lies_gives_no_more_than_it_announces() -> None:
    content = with_part(SHEET, sheet(ROW.format(1, "x" * 1000) * 100)).getvalue()
    where = content.index(SHEET.encode(), content.index(b"PK\x01\x02"))
    lying = bytearray(content)
    lying[where - 22 : where - 18] = struct.pack("<L", 60)
    assert "damaged" in refusal_of(io.BytesIO(bytes(lying))).message


def test_an_encrypted_part_is_refused() -> None:
    content = bytearray(xlsx([["Email"], ["a@b"]]).getvalue())
    where = -1
    while (where := content.find(b"PK\x01\x02", where + 1)) >= 0:
        content[where + 8] |= 1
    assert "packed in a way" in refusal_of(io.BytesIO(bytes(content))).message


def test_too_many_rows_are_refused_where_they_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.csv_file.table.MOST_ROWS", 2)
    assert refusal_of(xlsx([["Email"], ["a"], ["b"], ["c"]])).row == 4


def test_formulas_and_errors_are_faults_of_their_cell_even_with_a_result() -> None:
    cells = '<c r="A{0}"><f>1+1</f><v>2</v></c><c r="B{0}" t="e"><v>#N/A</v></c><c r="C{0}"><f>HYPERLINK("x")</f></c>'
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in "ABC")
    data = with_part(SHEET, sheet(f"<row>{header}</row><row>{cells.format(2)}</row>"))
    [row] = open_table(data).rows
    assert [(fault.column, fault.reason.split(";")[0]) for fault in row.faults] == [
        (0, "is a formula"),
        (1, "holds the error #N/A"),
        (2, "is a formula"),
    ]


def test_every_type_of_cell_comes_as_a_person_would_type_it() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Date", "Moment", "Int", "Float", "Whole", "Bool", "Text", "Own", "Time"])
    moment = datetime(2024, 5, 31, 9, 30)  # noqa: DTZ001 - a spreadsheet's moment has no zone
    page.append([date(2024, 5, 31), moment, 42, 1.5, 7.0, True, " x ", 45443, time(9, 30)])
    page["H2"].number_format = 'd "day" mmmm yyyy'
    assert rows_of(saved(book))[1][:8] == (
        "2024-05-31",
        "2024-05-31 09:30:00",
        "42",
        "1.5",
        "7",
        "TRUE",
        "x",
        "2024-05-31",
    )


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [('"red" 0.00', 45443, "45443"), ("[Red]0", 45443, "45443"), ("yyyy\\-mm\\-dd", 45443, "2024-05-31")],
)
def test_only_a_date_format_makes_a_date(style: str, value: float, text: str) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Value"])
    page.append([value])
    page["A2"].number_format = style
    assert rows_of(saved(book))[1] == (text,)


def test_dates_that_count_from_1904_are_understood() -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    page = book.active
    assert page is not None
    page.append(["Date"])
    page.append([date(2024, 5, 31)])
    assert rows_of(saved(book))[1] == ("2024-05-31",)


def test_the_first_visible_sheet_is_read_and_all_visible_ones_are_named() -> None:
    book = openpyxl.Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["Secret"])
    hidden.sheet_state = "hidden"
    for name in ("People", "More"):
        page = book.create_sheet(name)
        page.append(["Email"])
        page.append([f"{name}@b"])
    table = open_table(saved(book))
    assert table.sheets == ("People", "More")
    assert [row.cells for row in table.rows] == [("People@b",)]


def test_gaps_in_rows_and_columns_are_kept() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page["B2"], page["D2"], page["D5"] = "Email", "Name", "Ada"
    table = open_table(saved(book))
    assert table.columns == ("(column A)", "Email", "(column C)", "Name")
    assert [(row.number, row.cells) for row in table.rows] == [(5, ("", "", "", "Ada"))]


def test_rich_text_and_other_prefixes_are_read_and_phonetic_guides_are_not() -> None:
    strings = (
        f'<x:sst xmlns:x="{MAIN}"><x:si><x:t>Email</x:t></x:si><x:si><x:r><x:rPr><x:b/></x:rPr><x:t>Zo</x:t></x:r>'
        "<x:r><x:t>ë 😀</x:t></x:r><x:rPh><x:t>guide</x:t></x:rPh></x:si></x:sst>"
    ).encode()
    rows = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'
    data = with_part("xl/sharedStrings.xml", strings, of=with_part(SHEET, sheet(rows)))
    assert rows_of(data) == [("Email",), ("Zoë 😀",)]


def test_a_workbook_named_csv_is_read_as_what_it_is() -> None:
    assert open_table(xlsx([["Email"], ["a@b"]]), "people.csv").format == "xlsx"
    assert open_table(csv_bytes("Email", "a@b"), "people.xls").format == "csv"


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_in_place_of_the_sheet_are_clearly_refused(content: bytes) -> None:
    assert refusal_of(with_part(SHEET, content)).message.endswith(".")


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=20))
@settings(max_examples=150)
def test_a_workbook_with_flipped_bytes_is_a_table_or_a_clear_refusal(flips: list[tuple[int, int]]) -> None:
    content = bytearray(xlsx([["Email", "Start"], ["a@b", date(2024, 5, 31)]]).getvalue())
    for place, value in flips:
        content[place % len(content)] = value
    with suppress(FileRefused):
        rows_of(io.BytesIO(bytes(content)))

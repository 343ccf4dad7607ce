"""Exports: a spreadsheet never runs a cell, a reader gets every cell back, and the file proves itself complete."""

import asyncio
import csv
import io
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.web.attachments import attachment
from app.web.downloads import Download
from app.web.exports import CsvExport, ExportHead, safe_cell
from connectors.csv_file.writing import restored

HEAD = ExportHead(
    title="People",
    exported_by="=cmd@corp.local",
    exported_at=datetime(2026, 12, 12, 9, 30, tzinfo=UTC),
    filter="status is left",
    rows=2,
    total=420,
    sources=[("Okta, EU", datetime(2026, 12, 11, tzinfo=UTC)), ("HR", None)],
    version="1.2.3",
    columns=["Name", "E-mail"],
)


def table(
    rows: Sequence[Sequence[str]], columns: Sequence[str] = ("Name", "E-mail")
) -> tuple[list[list[str]], bytes, CsvExport]:
    export = CsvExport(
        ExportHead(**{name: getattr(HEAD, name) for name in HEAD.__struct_fields__} | {"columns": list(columns)})
    )
    data = b"".join(export.stream(rows))
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))), data, export


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "|cmd", "\uff1d1+1", "\uff0b1", "\uff0d1",
        "\uff20x", "\uff5cx",
        "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil","x")', "'=1", "''+1", "'",
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_and_comes_back_exactly(cell: str) -> None:
    written = safe_cell(cell)
    assert written == ("'" + cell if cell != "'" else cell)
    assert restored(written) == cell
    lines, _, _ = table([[cell, "x"]])
    assert lines[9][0] == written


@pytest.mark.parametrize(
    "cell", ["", "a=b", "1", "o'brien", "#", "Ünal", " =1", "a,b", 'say "x"', "a\r\nb", "<script>", "'quoted'"]
)
def test_an_ordinary_cell_is_kept_as_it_is(cell: str) -> None:
    assert safe_cell(cell) == cell
    assert restored(cell) == cell
    assert table([[cell, "x"]])[0][9] == [cell, "x"]


_cell = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    "= + - @ \t \r \n | \uff1d ' ''= '\x00".split(" ")
)


@given(st.lists(st.lists(_cell, min_size=3, max_size=3), max_size=8))
def test_every_table_comes_back_exactly_and_no_cell_begins_dangerously(rows: list[list[str]]) -> None:
    lines, _, _ = table(rows, ["a", "b", "c"])
    body = lines[9:-1]
    assert [[restored(cell) for cell in line] for line in body] == rows
    assert not any(
        cell[:1] in set("=+-@|\t\r\n\x00\uff1d\uff0b\uff0d\uff20\uff5c") for line in lines for cell in line if cell
    )


def test_the_head_says_who_when_what_and_how_old_and_the_end_proves_it() -> None:
    lines, data, export = table([["Anna", "a@b.c"], ["Bo", ""]])
    assert lines[:9] == [
        ["# Export", "People"], ["# Exported by", "'=cmd@corp.local"], ["# Exported at", "2026-12-12 09:30:00 UTC"],
        ["# Filter", "status is left"], ["# Rows", "2 of 420"],
        ["# Source", "Okta, EU", "last complete sync 2026-12-11 00:00:00 UTC"], ["# Source", "HR",
        "never completely synced"],
        ["# Version", "Stackwarden 1.2.3"], ["Name", "E-mail"],
    ]  # fmt: skip
    before, _, last = data.removesuffix(b"\r\n").rpartition(b"\r\n")
    assert last == b"# SHA-256," + sha256(before + b"\r\n").hexdigest().encode()
    assert export.sha256 == sha256(before + b"\r\n").hexdigest()
    assert export.rows == 2
    assert data.startswith(b"\xef\xbb\xbf# Export")
    assert data.count(b"\n") == data.count(b"\r\n")


def test_an_export_that_breaks_off_has_neither_hash_nor_last_line() -> None:
    def breaking() -> Iterator[list[str]]:
        yield ["Anna", "a"]
        raise ConnectionError

    export = CsvExport(HEAD)
    received = b""
    with pytest.raises(ConnectionError):
        for piece in export.stream(breaking()):
            received += piece
    assert export.sha256 is None
    assert b"SHA-256" not in received


def test_lone_surrogates_and_long_cells_do_not_stop_an_export() -> None:
    lines, _, _ = table([["\ud800", "x" * 100_000]])
    assert lines[9] == ["?", "x" * 100_000]


def test_memory_stays_flat_and_pieces_are_of_a_size() -> None:
    export = CsvExport(HEAD)
    tracemalloc.start()
    sizes = [len(piece) for piece in export.stream(["cell"] * 10 for _ in range(40_000))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) > 1_900_000
    assert max(sizes) < 70_000
    assert peak < 1_500_000
    assert export.rows == 40_000


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("people.csv", 'attachment; filename="people.csv"'),
        ("€.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%E2%82%AC.pdf"),
        ("Ünal's list.csv", "attachment; filename=\"Unal's list.csv\"; filename*=UTF-8''%C3%9Cnal%27s%20list.csv"),
        ("a\r\nSet-Cookie: x=y", 'attachment; filename="a__Set-Cookie_ x=y"'),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        ('a"b;c%41.csv', 'attachment; filename="a_b_c_41.csv"'),
        ("a\u202egpj.exe", 'attachment; filename="a_gpj.exe"'),
        ("\x00\ud800", 'attachment; filename="__"'),
        ("...", 'attachment; filename="download"'),
        ("", 'attachment; filename="download"'),
        ("n" * 1000 + ".csv", 'attachment; filename="' + "n" * 146 + '.csv"'),
    ],
)
def test_any_file_name_makes_a_valid_header(name: str, header: str) -> None:
    assert attachment(name) == header


@given(st.text(st.characters(exclude_categories=[]), max_size=50))
def test_no_file_name_can_break_the_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2


def test_a_download_with_any_name_is_answered() -> None:
    app = FastAPI(openapi_url=None)
    database: Any = SimpleNamespace(streams=asyncio.Semaphore(1))

    @app.get("/")
    def download(name: str) -> object:
        return Download(database, CsvExport(HEAD).stream([["a", "b"]]), attachment(name))

    client = TestClient(app)
    for name in ("€.pdf", "a\r\nb", "\x00"):
        answer = client.get("/", params={"name": name})
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"] == attachment(name)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"

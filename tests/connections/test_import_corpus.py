"""CSV-02: files that are wrong, huge or hostile are refused with a place and a reason, or read row by row; never a 5xx."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
import sqlalchemy as sa

from app.connections.imports import large
from app.connections.imports.models import Import
from app.core.database import Database
from app.core.errors import Conflict
from tests.conftest import TEMPLATE
from tests.connections import sheets
from tests.connections.directory import directory
from tests.connections.harness import Bench
from tests.connections.sheets import ADMIN, checksums, facts, sheet
from tests.connections.site import Asking
from tests.connections.test_fencing import _until
from tests.drills.sync_kills import open_database, settings_of, worker
from tests.postgres import Server

HEADER = b"Email,Name\r\n"
ROWS = b"".join(b"person%d@example.com,Person %d\r\n" % (i, i) for i in range(50))


def _workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 200_000_000)
    return data.getvalue()


REFUSED: dict[str, Callable[[], bytes]] = {
    "a line without end": lambda: HEADER + b"x" * 20_000_000,
    "more rows than we take": lambda: HEADER + b"a@b.nl,x\r\n" * 260_000,
    "five thousand columns": lambda: b",".join(b"Column %d" % i for i in range(5_000)) + b"\r\n1\r\n",
    "mixed encodings": lambda: HEADER + "zoë@example.com,Zoë\r\n".encode() + "a@b.nl,Café\r\n".encode("cp1252"),
    "half of UTF-16": lambda: (HEADER + ROWS).decode().encode("utf-16")[:-1],
    "a quotation mark that is never closed": lambda: HEADER + b'a@b.nl,"x\r\n' + ROWS,
    "the same column twice": lambda: b"Email,email\r\n" + ROWS,
    "nothing but a header": lambda: HEADER,
    "only line ends": lambda: b"\r\n" * 1000,
    "a cell without end": lambda: HEADER + b'a@b.nl,"' + b"x" * 900_000 + b'"\r\n',
    "a zip that is no workbook": lambda: b"PK\x03\x04" + b"\0" * 100,
    "a workbook that unpacks without end": _bomb,
    "an old workbook": lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 600,
}
READ: dict[str, tuple[Callable[[], bytes], int, int]] = {
    "a byte order mark": (lambda: b"\xef\xbb\xbf" + HEADER + ROWS, 50, 0),
    "UTF-16": (lambda: (HEADER + ROWS).decode().encode("utf-16"), 50, 0),
    "semicolons": (lambda: (HEADER + ROWS).replace(b",", b";"), 50, 0),
    "Windows-1252": (lambda: HEADER + "a@b.nl,Zoë\r\n".encode("cp1252"), 1, 0),
    "NUL in one cell": (lambda: HEADER + b"a@b.nl,x\x00y\r\nb@b.nl,B\r\n", 1, 1),
    "formulas": (lambda: HEADER + b"=1+1,=cmd|'/C calc'!A0\r\nb@b.nl,=SUM(A1)\r\n", 1, 1),
    "a row that is too long": (lambda: HEADER + b"a@b.nl,A,B,C\r\nb@b.nl,B\r\n", 1, 1),
    "the same person twice": (lambda: HEADER + b"a@b.nl,A\r\nA@B.nl,A\r\n", 1, 1),
    "a name that is too long": (lambda: HEADER + b"a@b.nl," + b"x" * 500 + b"\r\nb@b.nl,B\r\n", 1, 1),
    "a workbook": (lambda: _workbook([["Email", "Name"], ["a@b.nl", "A"], ["b@b.nl", 5]]), 2, 0),
}


def _upload(client: Any, data: bytes) -> Any:
    return client.post("/integrations/import", data={"target": "people"}, files={"file": ("x.csv", data)})


@pytest.mark.parametrize("kind", REFUSED)
def test_a_wrong_file_is_refused_with_a_reason_and_leaves_nothing(
    asking: Asking, database: Database, kind: str
) -> None:
    answer = _upload(asking(), REFUSED[kind]())
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    with database.transaction(read_only=True) as db:
        for table in ("imports", "import_parts", "connections"):
            assert db.value(sa.text(f"SELECT count(*) FROM {table}")) == 0


@pytest.mark.parametrize("kind", READ)
def test_an_odd_file_is_read_row_by_row(database: Database, kind: str) -> None:
    data, added, failed = READ[kind]
    given, found = facts(database, sheets.bring(database, "people", data()))
    assert (found.counts["person"].added, given.failed_rows) == (added, failed)


def test_a_large_file_is_read_and_applied_by_a_worker_whole_or_not_at_all(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr(large, "AT_ONCE", 20)
    database = bench.database
    runtime = bench.runtime("http://nobody.example.com")
    before = checksums(database)
    with database.transaction() as db:
        data = io.BytesIO(HEADER + ROWS)
        given = sheets.upload(db, ADMIN, sheets.BY_KEY["people"], None, "people.csv", data)
        assert large.is_large(given)
        large.start_reading(db, given)
        import_id = str(given.id)
    large.READ.run(runtime, import_id=import_id)
    found, read = facts(database, UUID(import_id))
    assert (found.state, read.counts["person"].added) == ("ready", 50)
    assert checksums(database) == before
    with database.transaction() as db:
        again = db.find(Import, UUID(import_id), lock=True)
        assert again is not None
        large.start_applying(db, ADMIN, again)
    for _ in range(2):  # a job may come twice
        large.APPLY.run(runtime, import_id=import_id)
    assert facts(database, UUID(import_id))[0].state == "applied"
    assert bench.counts("people") == {"people": 50}


def test_a_worker_knows_the_jobs_of_large_files(postgres: Server) -> None:
    """A real one: what only a test registers is never done."""
    name = "large_imports"
    postgres.create_database(name, TEMPLATE)
    database = open_database(postgres, name)

    def state() -> str:
        return facts(database, import_id)[0].state

    try:
        with tempfile.TemporaryDirectory() as folder, directory([]) as peer:
            with database.transaction() as db:
                data = io.BytesIO(HEADER + ROWS)
                given = sheets.upload(db, ADMIN, sheets.BY_KEY["people"], None, "people.csv", data)
                import_id = given.id
                large.start_reading(db, given)
            with worker(settings_of(postgres, name, peer, Path(folder))):  # type: ignore[arg-type]
                _until(lambda: state() == "ready")
                with database.transaction() as db:
                    again = db.find(Import, import_id, lock=True)
                    assert again is not None
                    large.start_applying(db, ADMIN, again)
                _until(lambda: state() == "applied")
            with database.transaction(read_only=True) as db:
                assert db.value(sa.text("SELECT count(*) FROM people")) == 50
    finally:
        database.close()
        postgres.drop_database(name)


def test_a_large_file_that_cannot_be_applied_any_more_says_so(bench: Bench) -> None:
    from tests.builders import make_person

    database = bench.database
    import_id = sheets.bring(database, "people", HEADER + ROWS)
    with database.transaction() as db:
        make_person(db, "Met Since", "person1@example.com")
        given = db.find(Import, import_id, lock=True)
        assert given is not None
        large.start_applying(db, ADMIN, given)
    large.APPLY.run(bench.runtime("http://nobody.example.com"), import_id=str(import_id))
    found, said = facts(database, import_id)
    assert found.state == "ready"
    assert "changed since the preview" in said.error
    assert bench.counts("person_records") == {"person_records": 0}


@pytest.mark.parametrize(("step", "after"), [("READ", "uploaded"), ("APPLY", "ready")])
def test_a_large_file_whose_worker_fails_says_so_and_can_be_tried_again(
    bench: Bench, monkeypatch: Any, step: str, after: str
) -> None:
    database, runtime = bench.database, bench.runtime("http://nobody.example.com")
    import_id = sheets.bring(database, "people", HEADER + ROWS)

    def start() -> None:
        with database.transaction() as db:
            given = db.find(Import, import_id, lock=True)
            assert given is not None
            large.start_reading(db, given) if step == "READ" else large.start_applying(db, ADMIN, given)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    start()
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        for name in ("prepare", "apply_import"):
            patched.setattr(large, name, fail)
        getattr(large, step).run(runtime, import_id=str(import_id))
    found, said = facts(database, import_id)
    assert found.state == after
    assert "a reason of ours" in said.error
    start()
    getattr(large, step).run(runtime, import_id=str(import_id))
    found, said = facts(database, import_id)
    assert (found.state, said.error) == ({"READ": "ready", "APPLY": "applied"}[step], "")


def test_a_large_file_that_was_discarded_meanwhile_stays_so(bench: Bench, monkeypatch: Any) -> None:
    database = bench.database
    import_id = sheets.bring(database, "people", HEADER + ROWS)

    def discarded(*_: Any) -> None:
        raise Conflict("Somebody discards it between the two transactions.")

    def forget(*given: Any) -> Any:
        sheets.bring(database, "people", HEADER + ROWS)
        return fall_back(*given)

    fall_back = large._fall_back
    with database.transaction() as db:
        given = db.find(Import, import_id, lock=True)
        assert given is not None
        large.start_reading(db, given)
    monkeypatch.setattr(large, "prepare", discarded)
    monkeypatch.setattr(large, "_fall_back", forget)
    large.READ.run(bench.runtime("http://nobody.example.com"), import_id=str(import_id))
    assert facts(database, import_id)[0].state == "discarded"


def test_nothing_of_an_uploaded_file_lies_in_clear_in_the_database(database: Database) -> None:
    canary = "canary-9b2e"
    rows = [
        ("Email", "Name", "Notes"),
        (f"{canary}@example.com", f"{canary} name", f"{canary} notes"),
        (canary, "x", ""),
    ]
    import_id = sheets.bring(database, "people", sheet(rows), name=f"{canary}.csv")
    for step in range(2):
        with database.transaction(read_only=True) as db:
            tables = db.session.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
            for table in tables:
                text = db.value(sa.text(f"SELECT string_agg(t::text, ' ') FROM {table} t")) or ""
                assert canary not in text
                assert canary.encode().hex() not in text
        if step == 0:
            sheets.apply(database, import_id)

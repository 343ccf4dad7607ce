"""What we export can be imported again: its head and its proof are no rows, and its cells come back as they were."""

import io
from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa

from app.apps import exporting as app_exporting
from app.apps.models import AppFacts
from app.apps.numbers import Numbers
from app.apps.queries import AppFilter
from app.core.database import Database
from app.people.exporting import COLUMNS
from app.people.models import PersonRecord, RecordFacts
from app.people.wording import STATUSES, TYPES
from app.web.exports import CsvExport, ExportHead
from connectors.csv_file.people import read_person
from connectors.csv_file.table import FileRefused
from connectors.csv_file.tables import open_table
from tests.builders import make_app, make_person
from tests.connections.sheets import ADMIN, apply, bring, facts

HEAD = ExportHead(
    title="People", exported_by="=cmd@corp.local", exported_at=datetime(2026, 11, 1, tzinfo=UTC), filter="", rows=1, total=1,
    sources=[("HR; EU", None)], version="1.0", columns=COLUMNS,
)  # fmt: skip
ROW = (
    "=Ada Lovelace", "Ada", "Lovelace", "ada@example.com", "a@example.com", "42", "+31 20 555", "Contractor", "Active",
    "Engineer", "Research", "Gent", "100", "Bo Boss", "boss@example.com", "2024-05-01", "2027-05-31",
    "", "2026-11-01T00:00:00+00:00", "00000000-0000-7000-8000-000000000001",
)  # fmt: skip
MAPPED = {
    "display_name": "Name", "given_name": "First name", "family_name": "Last name", "email": "E-mail", "aliases": "Aliases",
    "employee_id": "Employee id", "phone": "Phone", "person_type": "Type", "status": "Status", "job_title": "Job title",
    "team": "Team", "location": "Location", "cost_centre": "Cost centre", "manager": "Manager e-mail", "start_date": "Start date",
    "leaving_date": "Last day",
}  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_list_of_people_that_we_exported_is_imported_exactly(database: Database, delimiter: str) -> None:
    data = b"".join(CsvExport(HEAD).stream([ROW]))
    if delimiter == ";":  # as a spreadsheet program saves it elsewhere
        data = data.replace(b"HR; EU", b"HR").replace(b",", b";")
    import_id = bring(database, "people", data)
    given, found = facts(database, import_id)
    assert (given.failed_rows, found.counts["person"].added) == (0, 1)
    assert found.mapping == MAPPED
    apply(database, import_id)
    with database.transaction(read_only=True) as db:
        [record] = db.session.scalars(sa.select(PersonRecord)).all()
        known = db.open(RecordFacts, PersonRecord, record.id, record.sealed)
    assert (record.type, record.status, known.manager) == ("contractor", "active", "boss@example.com")
    assert (known.source_id, known.display_name, known.phone) == ("ada@example.com", "=Ada Lovelace", "+31 20 555")


def test_a_list_of_apps_that_we_exported_changes_nothing_when_it_is_imported(database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Lovelace", "ada@example.com")
        make_app(db, "Zoom", owner_id=ada, status="in_review", vendor="=Zoom Inc.", url="https://zoom.us")
        make_app(db, "Miro", facts=AppFacts(owner_email="nobody@example.com", notes="-1"))
    numbers = Numbers(lambda db, actor, ids: {}, lambda actor: {})
    with database.transaction(read_only=True) as db:
        rows = list(app_exporting._rows(db, ADMIN, numbers, AppFilter(), "name"))
    head = msgspec.structs.replace(HEAD, columns=app_exporting.COLUMNS)
    import_id = bring(database, "apps", b"".join(CsvExport(head).stream(rows)))
    given, found = facts(database, import_id)
    assert (found.mapping["owner_email"], given.failed_rows) == ("Owner e-mail", 0)
    assert [row[7] for row in rows] == ["nobody@example.com", "ada@example.com"]
    assert (found.counts["app"].added, found.counts["app"].changed) == (0, 0)


@pytest.mark.parametrize(("kind", "word"), [*TYPES.items()])
def test_every_type_in_an_export_is_understood(kind: str, word: str) -> None:
    [person] = read_person({"email": "a@example.com", "person_type": word})
    assert getattr(person, "person_type", None) == kind


@pytest.mark.parametrize(("status", "word"), [*STATUSES.items()])
def test_every_status_in_an_export_is_understood(status: str, word: str) -> None:
    [person] = read_person({"email": "a@example.com", "status": word})
    assert getattr(person, "status", None) == status


@pytest.mark.parametrize("rows", [[], [("# SHA-256", "of nothing", *ROW[2:])]])
def test_only_the_proof_of_an_export_is_left_out(rows: list[tuple[str, ...]]) -> None:
    data = b"".join(CsvExport(HEAD).stream(rows))
    if rows:
        assert [row.cells[0] for row in open_table(io.BytesIO(data)).rows] == ["# SHA-256"]
    else:
        with pytest.raises(FileRefused, match="nothing below it"):
            open_table(io.BytesIO(data))


def test_a_file_of_somebody_else_keeps_its_id_and_its_rows_that_look_like_ours() -> None:
    table = open_table(io.BytesIO(b"Id,Name\r\n# Rows,5\r\n1,Ada\r\n"))
    assert table.columns == ("Id", "Name")
    assert [row.cells for row in table.rows] == [("# Rows", "5"), ("1", "Ada")]


def test_an_export_that_breaks_off_before_its_header_is_refused() -> None:
    with pytest.raises(FileRefused, match="holds no table"):
        open_table(io.BytesIO(b"# Export,People\r\n# Rows,5\r\n"))

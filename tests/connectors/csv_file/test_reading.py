"""Rows become records, or problems that name row, column and reason."""

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.csv_file.failed_rows import failed_rows_file
from connectors.csv_file.mapping import suggest_mapping
from connectors.csv_file.reading import Reading, read
from connectors.csv_file.tables import open_table
from connectors.csv_file.targets import ACCOUNTS, APPS, PEOPLE, FileTarget
from connectors.csv_file.writing import csv_file
from connectors.sdk.records import Account, AppEntry, Entitlement, Grant, Person
from tests.connectors.csv_file.files import SHEET, sheet, with_part


def readings(target: FileTarget, *rows: list[str]) -> list[Reading]:
    """``rows``, the first of them the header, as a file of ours would bring them."""
    table = open_table(io.BytesIO(csv_file(rows)))
    return list(read(table, suggest_mapping(table.columns, target), target))


def problems(target: FileTarget, *rows: list[str]) -> list[tuple[int | None, str, str]]:
    found = [reading.problem for reading in readings(target, *rows)]
    return [(problem.row, problem.column, problem.reason) for problem in found if problem]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Email", "nobody", "is not an e-mail address"),
        ("Email", "a\0@b", "not text"),
        ("Start Date", "01/02/2024", "can be read in two ways; write it as 2024-05-31"),
        ("Start Date", "31-05-2024", "can be read in two ways"),
        ("Start Date", "2024-02-30", "is not a date"),
        ("Start Date", "30 Foo 2024", "is not a date"),
        ("Start Date", "31 J 2024", "is not a date"),
        ("Start Date", "2024-05-311", "is not a date"),
        ("Leaving Date", "1899-01-01", "between 1900 and 2200"),
        ("Start Date", "\u0662\u0660\u0662\u0664-\u0660\u0665-\u0660\u0661", "is not a date"),
        ("Type", "wizard", "is none of the words known here"),
        ("Status", "maybe", "is none of the words known here"),
        ("Job Title", "x" * 201, "longer than 200"),
        ("Aliases", "a@b; nobody", "is not an e-mail address"),
    ],
)
def test_a_row_that_cannot_be_read_names_row_column_and_reason(column: str, value: str, reason: str) -> None:
    header = ["Email", "Id", column] if column != "Email" else ["Id", "Name", column]
    good, bad = ["a@b", "1", ""], ["c@d", "2", value]
    if column == "Email":
        good, bad = ["1", "A", "a@b"], ["2", "B", value]
    [(row, where, why)] = problems(PEOPLE, header, good, bad)
    assert (row, where) == (3, column)
    assert reason in why


def test_a_row_about_nobody_is_a_problem() -> None:
    assert problems(PEOPLE, ["Email", "Name"], ["", "Ada"])[0][1:] == (
        "Email",
        "is empty, and so is every other column that would tell who this is",
    )
    assert problems(ACCOUNTS, ["Username", "Role"], ["", "Admin"])[0][1] == "Username"
    assert problems(APPS, ["Name", "Vendor"], ["", "Acme"])[0] == (2, "Name", "is empty")


def test_whoever_comes_twice_is_taken_once_and_the_second_row_says_where_the_first_is() -> None:
    assert problems(PEOPLE, ["Email"], ["a@b"], ["c@d"], ["A@B"]) == [(4, "Email", "names the same as row 2")]
    assert problems(PEOPLE, ["Id", "Email"], ["1", "a@b"], ["1", "c@d"]) == [(3, "Id", "names the same as row 2")]
    assert problems(APPS, ["Name", "Instance"], ["X", "EU"], ["X", "US"], ["x", "eu"]) == [
        (4, "Name", "names the same as row 2")
    ]


def test_a_row_with_more_cells_than_the_header_is_a_problem() -> None:
    assert problems(PEOPLE, ["Email", "Name"], ["a@b", "Bos", "Ada"]) == [(2, "", "has 3 cells, and the header has 2")]


def test_a_formula_in_a_column_that_is_used_is_a_problem_and_in_another_it_is_not() -> None:
    cells = '<c t="inlineStr"><is><t>{}</t></is></c>'
    formula = "<c><f>1+1</f><v>2</v></c>"
    rows = f"<row>{cells.format('Email')}{cells.format('Salary')}{cells.format('Name')}</row>"
    rows += f"<row>{cells.format('a@b')}{formula}{cells.format('A')}</row>"
    rows += f"<row>{cells.format('c@d')}<c/>{formula}</row>"
    table = open_table(with_part(SHEET, sheet(rows)))
    first, second = read(table, suggest_mapping(table.columns, PEOPLE), PEOPLE)
    assert first.problem is None
    assert second.problem is not None
    assert (second.problem.row, second.problem.column) == (3, "Name")


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-31",
        "2024/5/31",
        "2024.05.31",
        "2024-05-31T10:00:00Z",
        "2024-05-31 00:00:00",
        "31 May 2024",
        "31 may 2024",
        "31-May-2024",
        "31st of May 2024".replace(" of", ""),
        "31. May 2024",
        "May 31, 2024",
        "MAY 31 2024",
    ],
)
def test_dates_in_which_the_month_is_plain_are_understood(text: str) -> None:
    [reading] = readings(PEOPLE, ["Email", "Start Date"], ["a@b", text])
    assert reading.records == (Person(source_id="a@b", email="a@b", status="active", start_date=date(2024, 5, 31)),)


@pytest.mark.parametrize(("text", "month"), [("3 Sept 2024", 9), ("3 September 2024", 9), ("3 Jun 2024", 6)])
def test_months_may_be_cut_short(text: str, month: int) -> None:
    [reading] = readings(PEOPLE, ["Email", "Start Date"], ["a@b", text])
    assert isinstance(reading.records[0], Person)
    assert reading.records[0].start_date == date(2024, month, 3)


def test_a_person_is_read_with_everything_that_is_known() -> None:
    header = ["Employee Ref", "Email Address", "First Name", "Surname", "Title", "Office", "Hire Date", "End Date"]
    header += ["Team Ids", "Type", "Manager Email", "Cost Center", "Mobile", "Status", "Aliases"]
    row = ["42", "Zoe@corp.local", "Zoë", "=Bos", "Engineer", "Gent", "1 May 2024", "—", "R&D", "Contractor"]
    row += ["boss@corp.local", "100", "+32 9 000", "Active", "z@corp.local; zb@corp.local"]
    [reading] = readings(PEOPLE, header, row)
    assert reading.records == (
        Person(
            source_id="zoe@corp.local",
            email="Zoe@corp.local",
            aliases=("z@corp.local", "zb@corp.local"),
            given_name="Zoë",
            family_name="=Bos",
            display_name="Zoë =Bos",
            job_title="Engineer",
            team="R&D",
            location="Gent",
            cost_centre="100",
            employee_id="42",
            phone="+32 9 000",
            manager="boss@corp.local",
            person_type="contractor",
            status="active",
            start_date=date(2024, 5, 1),
        ),
    )


def test_an_account_comes_with_what_it_holds_and_each_entitlement_once() -> None:
    first, second = readings(
        ACCOUNTS,
        ["User name", "Name", "Status", "Last sign-in", "Roles", "License"],
        ["Ada", "Ada Bos", "Enabled", "2024-05-31 10:00", "Admin; Editor, admin ", "Pro"],
        ["bram@b", "", "locked", "never", "editor", "-"],
    )
    assert first.records == (
        Account(
            source_id="ada",
            username="Ada",
            display_name="Ada Bos",
            last_login_at=datetime(2024, 5, 31, 10, tzinfo=UTC),
        ),
        Entitlement(source_id="role:admin", kind="role", name="Admin"),
        Grant(account="ada", entitlement="role:admin"),
        Entitlement(source_id="role:editor", kind="role", name="Editor"),
        Grant(account="ada", entitlement="role:editor"),
        Entitlement(source_id="licence:pro", kind="licence", name="Pro"),
        Grant(account="ada", entitlement="licence:pro"),
    )
    assert second.records == (
        Account(source_id="bram@b", username="bram@b", status="suspended"),
        Grant(account="bram@b", entitlement="role:editor"),
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-31", datetime(2024, 5, 31, tzinfo=UTC)),
        ("2024-05-31T10:00:00+02:00", datetime(2024, 5, 31, 8, tzinfo=UTC)),
        ("2024-05-31 10:00:00 UTC", datetime(2024, 5, 31, 10, tzinfo=UTC)),
        ("31 May 2024", datetime(2024, 5, 31, tzinfo=UTC)),
        ("n/a", None),
    ],
)
def test_the_last_login_may_be_a_moment_or_a_day(text: str, moment: datetime | None) -> None:
    [reading] = readings(ACCOUNTS, ["Email", "Last Login"], ["a@b", text])
    assert isinstance(reading.records[0], Account)
    assert reading.records[0].last_login_at == moment


def test_a_role_with_too_long_a_name_is_a_problem_of_its_own_column() -> None:
    [(_, column, reason)] = problems(ACCOUNTS, ["Email", "Role"], ["a@b", "x" * 300])
    assert (column, reason) == ("Role", "is longer than 200 characters")


def test_an_app_is_read_and_its_address_completed() -> None:
    header = ["App", "Instance", "Owner", "Supplier", "Status", "Cost Centre", "Category", "Website", "Notes"]
    [reading] = readings(
        APPS, header, ["Acme", "EU", "o@corp.local", "Acme Inc", "Plan to close", "7", "CRM", "acme.example/x", "a\nb"]
    )
    assert reading.records == (
        AppEntry(
            source_id="acme / eu",
            name="Acme",
            instance_name="EU",
            owner_email="o@corp.local",
            vendor="Acme Inc",
            status="plan_to_close",
            cost_centre="7",
            category="CRM",
            url="https://acme.example/x",
            notes="a\nb",
        ),
    )


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("URL", "javascript:alert(1)", "http"),
        ("URL", "data:text/html,x", "http"),
        ("Owner", "Ada Bos", "is not the e-mail address of the owner"),
        ("Status", "Great", "none of the words"),
    ],
)
def test_an_app_that_cannot_be_read_says_why(column: str, value: str, reason: str) -> None:
    [(row, where, why)] = problems(APPS, ["Name", column], ["Acme", value])
    assert (row, where) == (2, column)
    assert reason in why


def test_every_status_of_an_app_is_known_by_its_words() -> None:
    words = ["New", "In review", "Managed", "Accepted", "Plan to close", "Closed", "Ignored"]
    found = readings(APPS, ["Name", "Status"], *([word, word.upper()] for word in words))
    statuses = [record.status for reading in found for record in reading.records if isinstance(record, AppEntry)]
    assert statuses == ["new", "in_review", "managed", "accepted", "plan_to_close", "closed", "ignored"]


def test_failed_rows_come_back_as_a_file_that_can_be_mended_and_imported_again() -> None:
    found = readings(PEOPLE, ["Email", "Name"], ["good@b", "Good"], ["nobody", "=HYPERLINK(1)"], ["a@b", "x", "y"])
    content = failed_rows_file(found, ("Email", "Name"))
    assert content.decode("utf-8-sig").splitlines() == [
        "Email,Name,Row,Reason",
        "nobody,'=HYPERLINK(1),3,“Email” is not an e-mail address",
        'a@b,x,4,"The row has 3 cells, and the header has 2"',
    ]
    again = open_table(io.BytesIO(content.replace(b"nobody", b"some@b")))
    mended = list(read(again, suggest_mapping(again.columns, PEOPLE), PEOPLE))
    assert [reading.records for reading in mended] == [
        (Person(source_id="some@b", email="some@b", display_name="=HYPERLINK(1)", status="active"),),
        (Person(source_id="a@b", email="a@b", display_name="x", status="active"),),
    ]


def test_readings_print_nobody() -> None:
    [reading] = readings(PEOPLE, ["Email", "Name"], ["ada@b", "Ada Bos"])
    assert "Bos" not in repr(reading)


FACTS: Any = {"people": PEOPLE, "accounts": ACCOUNTS, "apps": APPS}


@given(st.sampled_from(sorted(FACTS)), st.data())
@settings(max_examples=200)
def test_any_cells_are_records_or_a_problem_that_names_its_row(key: str, data: st.DataObject) -> None:
    target: FileTarget = FACTS[key]
    header = [fact.label for fact in target.facts]
    cells = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(["a@b", "2024-05-31", "active", "x"])
    rows = data.draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), min_size=1, max_size=4))
    rows.append(["x"] * len(header))
    found = readings(target, header, *rows)
    assert found
    for reading in found:
        assert bool(reading.records) != bool(reading.problem)
        assert reading.problem is None or reading.problem.row == reading.row

"""Spreadsheets come in as previewed, and go out again whole."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from app.connections.actions import remove_connection
from app.connections.models import Connection
from app.core.database import Database
from app.core.errors import Conflict, Invalid
from app.people.actions import change_person, create_person
from app.people.models import Person
from tests.builders import make_app, make_person
from tests.connections import sheets
from tests.connections.sheets import apply, bring, checksums, facts, sheet, undo

PEOPLE = sheet(
    [
        ("Email", "First Name", "Last Name", "Team", "Job Title", "Status", "Leaving Date", "Manager Email"),
        ("ada@example.com", "Ada", "Lovelace", "Research", "Engineer", "active", "", "bea@example.com"),
        ("bea@example.com", "Bea", "Bos", "Research", "Lead", "active", "", ""),
        ("cem@example.com", "Cem", "Çelik", "Sales", "Seller", "left", "2024-05-31", "bea@example.com"),
    ]
)
ACCOUNTS = sheet(
    [
        ("Username", "Email", "Status", "Role", "Last Login"),
        *(
            (f"user{i}", f"user{i}@example.com", "active", "Admin" if i == 0 else "Member", "2026-11-01")
            for i in range(8)
        ),
    ]
)


@pytest.fixture
def zoom(database: Database) -> UUID:
    with database.transaction() as db:
        return make_app(db, "Zoom")


def _count(database: Database, statement: str) -> int:
    with database.transaction(read_only=True) as db:
        return int(db.value(sa.text(statement)))


def test_nothing_is_written_before_an_import_is_applied(database: Database) -> None:
    before = checksums(database)
    bring(database, "people", PEOPLE)
    assert checksums(database) == before


def test_what_is_applied_is_what_was_previewed(database: Database, zoom: UUID) -> None:
    import_id = bring(database, "accounts", ACCOUNTS, app_id=zoom)
    _, previewed = facts(database, import_id)
    assert previewed.counts["account"].added == 8
    assert previewed.counts["entitlement"].added == 2
    assert previewed.counts["grant"].added == 8
    apply(database, import_id)
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 8
    assert _count(database, "SELECT count(*) FROM grants WHERE seen_until IS NULL") == 8
    with database.transaction() as db:
        connection = db.session.scalars(sa.select(Connection)).one()
        assert (connection.name, connection.status) == ("Spreadsheet: accounts of Zoom", "active")


def test_people_of_a_spreadsheet_have_managers_and_the_same_file_again_changes_nothing(database: Database) -> None:
    apply(database, bring(database, "people", PEOPLE))
    assert _count(database, "SELECT count(*) FROM people WHERE manager_id IS NOT NULL") == 2
    again = bring(database, "people", PEOPLE)
    _, previewed = facts(database, again)
    assert (previewed.counts["person"].unchanged, previewed.counts["person"].changed, previewed.people) == (3, 0, 0)


def test_a_spreadsheet_can_decide_who_has_left(database: Database) -> None:
    from app.connections.actions import choose_lifecycle_source

    apply(database, bring(database, "people", PEOPLE))
    with database.transaction() as db:
        choose_lifecycle_source(db, sheets.ADMIN, db.session.scalars(sa.select(Connection)).one())
    assert _count(database, "SELECT count(*) FROM people WHERE status = 'left'") == 1
    apply(database, bring(database, "people", PEOPLE.replace(b"Lead,active", b"Lead,left")))
    assert _count(database, "SELECT count(*) FROM people WHERE status = 'left'") == 2


def test_a_person_who_is_no_longer_in_the_file_is_not_removed(database: Database) -> None:
    apply(database, bring(database, "people", PEOPLE))
    shorter = b"\r\n".join(PEOPLE.split(b"\r\n")[:2])
    apply(database, bring(database, "people", shorter, complete=True))
    assert _count(database, "SELECT count(*) FROM person_records WHERE seen_until IS NULL") == 3


def test_accounts_that_are_not_in_the_file_are_gone_only_when_it_is_said_to_be_complete(
    database: Database, zoom: UUID
) -> None:
    apply(database, bring(database, "accounts", ACCOUNTS, app_id=zoom))
    shorter = b"\r\n".join(ACCOUNTS.split(b"\r\n")[:-2])
    apply(database, bring(database, "accounts", shorter, app_id=zoom))
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 8
    apply(database, bring(database, "accounts", shorter, app_id=zoom, complete=True))
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 7


def test_many_removals_must_be_accepted(database: Database, zoom: UUID) -> None:
    apply(database, bring(database, "accounts", ACCOUNTS, app_id=zoom))
    shorter = b"\r\n".join(ACCOUNTS.split(b"\r\n")[:3])
    import_id = bring(database, "accounts", shorter, app_id=zoom, complete=True)
    _, previewed = facts(database, import_id)
    assert {removal.kind: removal.total for removal in previewed.removals} == {"account": 6, "grant": 6}
    with pytest.raises(Invalid):
        apply(database, import_id)
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 8
    apply(database, import_id, accept=True)
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 2


def test_rows_that_cannot_be_read_are_named_and_take_nothing_away(database: Database, zoom: UUID) -> None:
    apply(database, bring(database, "accounts", ACCOUNTS, app_id=zoom))
    broken = b"\r\n".join([*ACCOUNTS.split(b"\r\n")[:4], b"user7,not an address,active,,", b"user6,,sleeping,,"])
    import_id = bring(database, "accounts", broken, app_id=zoom, complete=True)
    given, previewed = facts(database, import_id)
    assert given.failed_rows == 2
    assert previewed.counts["account"].vanished == 0
    assert previewed.reasons
    apply(database, import_id)
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 8


def test_undoing_restores_every_table_to_the_byte(database: Database, zoom: UUID) -> None:
    with database.transaction() as db:
        make_person(db, "Known Already", "ada@example.com")
        make_person(db, "Somebody Else", "user3@example.com")
    apply(database, bring(database, "accounts", ACCOUNTS, app_id=zoom))
    before = checksums(database)
    people = bring(database, "people", PEOPLE)
    apply(database, people)
    changed = ACCOUNTS.replace(b"user2,user2@example.com,active,Member", b"user2,new@example.com,suspended,Admin")
    shorter = b"\r\n".join(changed.split(b"\r\n")[:-2])
    between = checksums(database)
    accounts = bring(database, "accounts", shorter, app_id=zoom, complete=True)
    apply(database, accounts)
    assert checksums(database) != between
    undo(database, accounts)
    assert checksums(database) == between
    assert between != before
    undo(database, people)
    assert checksums(database) == before


def test_a_user_follows_an_imported_person_and_is_nobody_again_when_it_is_undone(database: Database) -> None:
    from tests.login.installation import make_user

    with database.transaction() as db:
        user = make_user(db, "ada@example.com")
    import_id = bring(database, "people", PEOPLE)
    linked = f"SELECT count(*) FROM users WHERE id = '{user.id}' AND person_id IS NOT NULL"
    apply(database, import_id)
    assert _count(database, linked) == 1
    undo(database, import_id)
    assert (_count(database, linked), _count(database, "SELECT count(*) FROM people")) == (0, 0)


def test_an_import_cannot_be_undone_once_its_rows_were_changed_and_it_says_which(database: Database) -> None:
    import_id = bring(database, "people", PEOPLE)
    apply(database, import_id)
    with database.transaction() as db:
        person = db.session.scalars(sa.select(Person).where(Person.manager_id.is_(None))).first()
        assert person is not None
        change_person(db, sheets.ADMIN, person, phone="+31 20 555")
    before = checksums(database)
    with pytest.raises(Conflict, match=r"Bea Bos \(person\)"):
        undo(database, import_id)
    assert checksums(database) == before


def test_a_team_that_others_took_up_since_stays_when_what_brought_it_is_undone(database: Database) -> None:
    import_id = bring(database, "people", PEOPLE)
    apply(database, import_id)
    with database.transaction() as db:
        create_person(db, sheets.ADMIN, display_name="Dee", team="Sales")
    undo(database, import_id)
    assert _count(database, "SELECT count(*) FROM people") == 1
    assert _count(database, "SELECT count(*) FROM people JOIN facets ON facets.id = people.team_id") == 1
    assert _count(database, "SELECT count(*) FROM facets WHERE kind = 'team'") == 1


def test_an_earlier_import_is_undone_after_the_later_one(database: Database, zoom: UUID) -> None:
    first = bring(database, "accounts", ACCOUNTS, app_id=zoom, name="first.csv")
    apply(database, first)
    apply(database, bring(database, "accounts", ACCOUNTS.replace(b"Member", b"Guest"), app_id=zoom, name="second.csv"))
    with pytest.raises(Conflict, match=r"second\.csv"):
        undo(database, first)


def test_what_changed_since_the_preview_is_previewed_again(database: Database) -> None:
    import_id = bring(database, "people", PEOPLE)
    with database.transaction() as db:
        make_person(db, "Ada", "ada@example.com")
    with pytest.raises(Conflict, match="changed since the preview"):
        apply(database, import_id)
    assert _count(database, "SELECT count(*) FROM person_records") == 0


def test_a_file_that_waits_when_its_connection_is_removed_is_not_applied_any_more(
    database: Database, zoom: UUID
) -> None:
    apply(database, bring(database, "accounts", ACCOUNTS, app_id=zoom))
    waiting = bring(database, "accounts", ACCOUNTS.replace(b"user1", b"user9"), app_id=zoom)
    with database.transaction() as db:
        remove_connection(db, sheets.ADMIN, db.session.scalars(sa.select(Connection).with_for_update()).one())
    assert facts(database, waiting)[0].state == "discarded"
    assert _count(database, "SELECT count(*) FROM import_parts WHERE kind = 'file'") == 0
    with pytest.raises(Conflict):
        apply(database, waiting)
    assert _count(database, "SELECT count(*) FROM accounts WHERE seen_until IS NULL") == 0


@pytest.mark.parametrize(("status", "said"), [("removed", "was removed"), ("paused", "is paused")])
def test_nothing_is_applied_to_a_connection_that_is_removed_or_paused(
    database: Database, zoom: UUID, status: str, said: str
) -> None:
    waiting = bring(database, "accounts", ACCOUNTS, app_id=zoom)
    with database.transaction() as db:
        db.run(sa.update(Connection).values(status=status))
    with pytest.raises(Conflict, match=said):
        apply(database, waiting)


def test_the_register_of_apps_fills_in_and_never_clears(database: Database) -> None:
    with database.transaction() as db:
        make_person(db, "Olga Owner", "olga@example.com")
        make_app(db, "Figma", status="managed", vendor="Figma Inc")
    register = sheet(
        [
            ("App", "Vendor", "Owner", "Status", "Cost Centre", "Category"),
            ("figma", "", "olga@example.com", "", "CC1", "Design"),
            ("Miro", "Miro BV", "nobody@example.com", "accepted", "CC1", "Design"),
        ]
    )
    before = checksums(database)
    import_id = bring(database, "apps", register)
    apply(database, import_id)
    with database.transaction(read_only=True) as db:
        rows = db.rows(sa.text("SELECT name, status, vendor, category, owner_id FROM apps ORDER BY name"))
    assert [tuple(row)[:4] for row in rows] == [
        ("Figma", "managed", "Figma Inc", "Design"), ("Miro", "accepted", "Miro BV", "Design"),
    ]  # fmt: skip
    assert rows[0].owner_id is not None
    assert rows[1].owner_id is None
    undo(database, import_id)
    assert checksums(database) == before

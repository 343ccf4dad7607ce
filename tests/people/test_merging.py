"""Two people who are one, and who are not after all: undoing restores exactly."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.core import clock
from app.core.audit import Event, EventRow
from app.core.database import Database, Db
from app.core.errors import Conflict, NotFound
from app.core.identifiers import new_id
from app.login.models import User, UserFacts, email_index
from app.organisation.models import Organisation
from app.people import actions, lifecycle, queries
from app.people.emails import resolve_by_emails, set_emails
from app.people.models import MergeFacts, Person, PersonEmail, PersonFacts, PersonMerge, PersonRecord
from app.people.roster import Roster
from tests.builders import make_person
from tests.people.conftest import actor_of
from tests.people.records import make_record

ADMIN = actor_of("administrator")
HR, DIRECTORY = UUID(int=1), UUID(int=2)
_VOLATILE = {"changed_at", "sealed"}


def _all(db: Db) -> dict[str, Any]:
    """Everything that a merge may touch, opened."""
    people = {
        row.id: {name: value for name, value in row._mapping.items() if name not in _VOLATILE}
        | {"facts": db.open(PersonFacts, Person, row.id, row.sealed)}
        for row in db.rows(sa.select(Person.__table__))
    }
    records = {row.id: row.person_id for row in db.rows(sa.select(PersonRecord.id, PersonRecord.person_id))}
    emails = {row.email_index: (row.person_id, row.is_primary) for row in db.rows(sa.select(PersonEmail.__table__))}
    users = {row.id: row.person_id for row in db.rows(sa.select(User.id, User.person_id))}
    return {"people": people, "records": records, "emails": emails, "users": users}


def _user(db: Db, address: str, person_id: UUID | None = None) -> UUID:
    user = User(id=new_id(), email_index=email_index(db, address), roles=["employee"], status="active")
    user.person_id, user.created_at = person_id, clock.now()
    bound = (user.email_index.hex(), "employee", "active", person_id)
    user.sealed = db.seal(User, user.id, UserFacts(email=address), *bound)
    db.add(user)
    return user.id


def _merge(db: Db, kept: UUID, merged: UUID) -> PersonMerge:
    return actions.merge_people(db, ADMIN, *(queries.get_to_change(db, ADMIN, one) for one in (kept, merged)))


def _merge_again(db: Db, merge: PersonMerge) -> PersonMerge:
    found = db.find(PersonMerge, merge.id)
    assert found is not None
    return found


@pytest.fixture
def two(database: Database) -> tuple[UUID, UUID]:
    """A person known to a directory and set as left by hand, and the same known to HR, with reports, users, aliases."""
    with database.transaction() as db:
        db.run(sa.update(Organisation).values(lifecycle_source_id=HR))
        kept = make_person(db, "Ada Byron", "ada@example.com", aliases=["ab@example.com"])
        merged = make_person(db, "Ada Lovelace", "lovelace@example.com", aliases=["al@example.com"], status="unknown")
        for connection, person in ((DIRECTORY, kept), (HR, merged), (DIRECTORY, merged)):
            make_record(db, person, connection)
        for manager, name in ((merged, "Report"), (kept, "Another")):
            make_person(db, name, manager_id=manager)
        db.run(sa.update(Person).where(Person.id == kept).values(manager_id=merged))
        _user(db, "lovelace@example.com", merged)
        _user(db, "ada@example.com", kept)
        lifecycle.recompute(db, ADMIN, None, quiet=True)
        actions.mark_left(db, ADMIN, queries.get_to_change(db, ADMIN, kept))
    return kept, merged


def test_a_person_is_not_merged_with_themselves_nor_twice(database: Database, two: tuple[UUID, UUID]) -> None:
    kept, merged = two
    with database.transaction() as db:
        with pytest.raises(Conflict):
            _merge(db, kept, kept)
        tombstone = queries.get_to_change(db, ADMIN, merged)
        third = queries.get_to_change(db, ADMIN, make_person(db))
        _merge(db, kept, merged)
        for pair in ((third, tombstone), (tombstone, third)):
            with pytest.raises(Conflict):
                actions.merge_people(db, ADMIN, *pair)
        with pytest.raises(NotFound):
            queries.get_to_change(db, ADMIN, merged)


def test_a_merge_moves_records_addresses_reports_and_users(database: Database, two: tuple[UUID, UUID]) -> None:
    kept, merged = two
    with database.transaction() as db:
        _merge(db, kept, merged)
    with database.transaction() as db:
        now = _all(db)
        assert set(now["records"].values()) == {kept}
        assert {person for person, _ in now["emails"].values()} - {kept} == {
            person for person, row in now["people"].items() if row["manager_id"] == kept
        }
        assert [primary for person, primary in now["emails"].values() if person == kept].count(True) == 1
        assert set(now["users"].values()) == {kept}
        row = now["people"][kept]
        assert row["facts"].email == "ada@example.com"
        assert row["facts"].aliases == ("ab@example.com", "lovelace@example.com", "al@example.com")
        assert (row["status"], row["status_from"], row["manager_id"]) == ("active", "lifecycle", None)
        assert now["people"][merged]["merged_into_id"] == kept
        assert queries.surviving_id(db, merged) == kept
        found = resolve_by_emails(db, ["LOVELACE@example.com", "nobody@example.com", " "])
        assert list(found.values()) == [kept]
        roster = Roster()
        assert roster.name(db, merged) == ""


def test_unmerging_restores_exactly(database: Database, two: tuple[UUID, UUID]) -> None:
    with database.transaction() as db:
        before = _all(db)
    with database.transaction() as db:
        merge = _merge(db, *two)
        actions.remember_moved(db, merge, accounts=[UUID(int=7)], owned_apps=[UUID(int=8)])
    with database.transaction() as db:
        assert _all(db) != before
        moved = actions.unmerge_people(db, ADMIN, _merge_again(db, merge))
        assert (moved.accounts, moved.owned_apps) == ((str(UUID(int=7)),), (str(UUID(int=8)),))
    with database.transaction() as db:
        assert _all(db) == before
        merged_events = [row.action for row in db.rows(sa.select(EventRow.action).order_by(EventRow.id))]
        assert merged_events.count(Event.PERSON_MERGED) == merged_events.count(Event.PERSON_UNMERGED) == 1


def test_a_merge_is_undone_once(database: Database, two: tuple[UUID, UUID]) -> None:
    with database.transaction() as db:
        merge = _merge(db, *two)
    with database.transaction() as db:
        actions.unmerge_people(db, ADMIN, _merge_again(db, merge))
        with pytest.raises(Conflict):
            actions.unmerge_people(db, ADMIN, _merge_again(db, merge))
        assert queries.list_merges(db, two[0]) == []


def test_a_chain_of_merges_is_undone_from_its_end(database: Database, two: tuple[UUID, UUID]) -> None:
    kept, merged = two
    with database.transaction() as db:
        before = _all(db)
        last = make_person(db, "Last", "")
        first_merge = _merge(db, kept, merged)
        second_merge = _merge(db, last, kept)
        assert queries.surviving_id(db, merged) == last
        with pytest.raises(Conflict):
            actions.unmerge_people(db, ADMIN, first_merge)
        actions.unmerge_people(db, ADMIN, second_merge)
        actions.unmerge_people(db, ADMIN, first_merge)
        db.run(sa.delete(PersonMerge))
        db.run(sa.delete(Person).where(Person.id == last))
        assert _all(db) == before


def test_what_changed_hands_after_the_merge_stays_where_it_is(database: Database, two: tuple[UUID, UUID]) -> None:
    kept, merged = two
    with database.transaction() as db:
        merge = _merge(db, kept, merged)
        person = queries.get_to_change(db, ADMIN, kept)
        actions.change_person(db, ADMIN, person, aliases=("lovelace@example.com",))
        other = actions.create_person(db, ADMIN, display_name="Other", email="al@example.com")
        actions.unmerge_people(db, ADMIN, merge)
        owners = resolve_by_emails(db, ["al@example.com"])
        assert list(owners.values()) == [other.id]
        facts = {one: db.open(PersonFacts, Person, one, queries.get_to_change(db, ADMIN, one).sealed) for one in two}
        assert facts[kept].aliases == ()
        assert facts[kept].email == "ada@example.com"


def test_what_a_merge_moved_is_sealed(database: Database, two: tuple[UUID, UUID]) -> None:
    with database.transaction() as db:
        merge = _merge(db, *two)
        assert b"lovelace" not in merge.sealed
        assert db.open(MergeFacts, PersonMerge, merge.id, merge.sealed).aliases == (
            "lovelace@example.com",
            "al@example.com",
        )


def test_a_user_is_linked_to_who_bears_their_address_and_only_as_long(db: Db) -> None:
    user = _user(db, "Ada@Example.com")
    ada = actions.create_person(db, ADMIN, display_name="Ada", email="ada@example.com")
    link = sa.select(User.person_id).where(User.id == user)
    assert db.value(link) == ada.id
    actions.change_person(db, ADMIN, ada, email="else@example.com")
    assert db.value(link) is None
    eve = actions.create_person(db, ADMIN, display_name="Eve", aliases=("ada@example.com",))
    assert db.value(link) == eve.id


def test_an_address_that_somebody_took_meanwhile_does_not_come_back(database: Database, two: tuple[UUID, UUID]) -> None:
    kept, merged = two

    def addresses(db: Db, person_id: UUID) -> tuple[str, ...]:
        facts = db.open(
            PersonFacts, Person, person_id, db.value(sa.select(Person.sealed).where(Person.id == person_id))
        )
        return (facts.email, *facts.aliases)

    with database.transaction() as db:
        taken = addresses(db, merged)[0]
        merge = _merge(db, kept, merged)
        set_emails(db, kept, addresses(db, kept)[0], ())
        other = make_person(db, "Other", taken)
        actions.unmerge_people(db, ADMIN, merge)
        assert taken not in addresses(db, merged)
        assert resolve_by_emails(db, [taken]) == {email_index(db, taken): other}

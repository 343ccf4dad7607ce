"""Two people who turn out to be one, and two again; and what a hand said of an account, which no matching overrides."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.access import actions, merging
from app.access.models import Account
from app.access.snapshot import match_people
from app.apps.models import App
from app.apps.records import Owner
from app.core.actor import job_actor
from app.core.database import Database, Db
from app.core.errors import Conflict
from app.people.models import Person, PersonMerge
from tests.builders import make_account, make_app, make_person
from tests.inventory import stored

Asking = Callable[..., TestClient]
ACTOR = job_actor("tests")


def _person(db: Db, person_id: UUID) -> Person:
    person = db.find(Person, person_id)
    assert person is not None
    return person


def _link(db: Db, account_id: UUID) -> tuple[UUID | None, str]:
    row = db.row(sa.select(Account.person_id, Account.linked_by).where(Account.id == account_id))
    assert row is not None
    return row.person_id, row.linked_by


def _account(db: Db, account_id: UUID) -> Account:
    account = db.find(Account, account_id)
    assert account is not None
    db.session.refresh(account)
    return account


def test_an_account_is_matched_by_address_then_alias_and_only_when_it_is_a_persons(database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada", "ada@example.com", aliases=("a.byron@example.com",))
        app_id = make_app(db)
        primary = make_account(db, app_id, email="ADA@example.com")
        alias = make_account(db, app_id, email="a.byron@example.com")
        service = make_account(db, app_id, email="ada@example.com", kind="service")
        nobody = make_account(db, app_id, email="bob@example.com")
        match_people(db)
        assert _link(db, primary) == _link(db, alias) == (ada, "email")
        assert _link(db, service)[0] is None
        assert _link(db, nobody) == (None, "")


def test_what_a_hand_linked_unlinked_or_marked_survives_the_next_matching(database: Database) -> None:
    with database.transaction() as db:
        ada, bob = make_person(db, "Ada", "ada@example.com"), make_person(db, "Bob", "bob@example.com")
        app_id = make_app(db)
        linked, unlinked, marked = (make_account(db, app_id, email="ada@example.com") for _ in range(3))
        match_people(db)
        actions.link_account(db, ACTOR, _account(db, linked), person=Owner(bob, "Bob"))
        actions.unlink_account(db, ACTOR, _account(db, unlinked))
        actions.mark_account(db, ACTOR, _account(db, marked), kind="shared", owner=Owner(ada, "Ada"))
        match_people(db)
        assert _link(db, linked) == (bob, "hand")
        assert _link(db, unlinked) == (None, "hand")
        assert _link(db, marked)[0] is None
        actions.mark_account(db, ACTOR, _account(db, marked), kind="user", owner=None)
        match_people(db)
        assert _link(db, marked) == (ada, "email")


def test_a_person_is_not_merged_with_themselves_or_twice(database: Database) -> None:
    with database.transaction() as db:
        one, other, third = make_person(db, "One"), make_person(db, "Other"), make_person(db, "Third")
        make_account(db, make_app(db), person_id=other)
        merging.merge_people(db, ACTOR, _person(db, one), _person(db, other))
    before = stored(database)
    for kept, merged in ((one, one), (third, other), (other, third)):
        with pytest.raises(Conflict), database.transaction() as db:
            merging.merge_people(db, ACTOR, _person(db, kept), _person(db, merged))
    assert stored(database) == before


def test_unmerging_restores_accounts_responsibilities_and_apps_exactly(database: Database) -> None:
    with database.transaction() as db:
        kept = make_person(db, "Ada Byron", "ada@example.com")
        merged = make_person(db, "A. Byron", "a.byron@example.com")
        other = make_person(db, "Somebody Else")
        app_id = make_app(db, owner_id=merged)
        for person_id, email in ((kept, "ada@example.com"), (merged, "a.byron@example.com"), (merged, ""), (other, "")):
            make_account(db, app_id, person_id=person_id, email=email)
            make_account(db, app_id, kind="service", owner_id=person_id)
    before = stored(database)
    with database.transaction() as db:
        merge = merging.merge_people(db, ACTOR, _person(db, kept), _person(db, merged)).id
    with database.transaction() as db:
        held = db.rows(sa.select(Account.person_id, Account.owner_id))
        assert merged not in {each for row in held for each in row}
        assert db.value(sa.select(App.owner_id)) == kept
        match_people(db)
    with database.transaction() as db:
        found = db.find(PersonMerge, merge)
        assert found is not None
        merging.unmerge_people(db, ACTOR, found)
    after = stored(database)
    for table in ("accounts", "apps", "person_emails", "account_states"):
        assert after[table] == before[table], table


def test_an_account_that_came_since_goes_to_whose_address_it_bears(database: Database) -> None:
    with database.transaction() as db:
        kept, merged = make_person(db, "Ada", "ada@example.com"), make_person(db, "A.", "a.byron@example.com")
        app_id = make_app(db)
        merge = merging.merge_people(db, ACTOR, _person(db, kept), _person(db, merged))
        since = make_account(db, app_id, email="a.byron@example.com")
        match_people(db)
        assert _link(db, since) == (kept, "email")
        merging.unmerge_people(db, ACTOR, merge)
        assert _link(db, since) == (merged, "email")


def test_an_account_that_was_relinked_since_is_left_alone(database: Database) -> None:
    with database.transaction() as db:
        kept, merged, third = (make_person(db, name) for name in ("Ada", "A.", "Third"))
        account = make_account(db, make_app(db), person_id=merged)
        merge = merging.merge_people(db, ACTOR, _person(db, kept), _person(db, merged))
        actions.link_account(db, ACTOR, _account(db, account), person=Owner(third, "Third"))
        merging.unmerge_people(db, ACTOR, merge)
        assert _link(db, account) == (third, "hand")


def test_merging_on_the_page_shows_what_will_happen_first_and_can_be_undone_there(
    asking: Asking, database: Database
) -> None:
    with database.transaction() as db:
        kept, merged = (
            make_person(db, "Ada Byron", "ada@example.com"),
            make_person(db, "Augusta Byron", "augusta@example.com"),
        )
        make_account(db, make_app(db, "Figma"), person_id=merged)
    client, path = asking(), f"/people/{kept}/merge"
    before = stored(database)
    assert "Augusta Byron" in client.get(path).text
    assert "Merge Augusta Byron into Ada Byron" in client.get(f"{path}?other={merged}").text
    for other in (str(kept), str(uuid4()), "x", ""):
        assert client.post(path, data={"other_id": other}).status_code == 422
    assert client.get(f"/people/{uuid4()}/merge").status_code == 404
    assert stored(database) == before
    assert client.post(path, data={"other_id": str(merged)}).status_code == 303
    assert "Figma" in client.get(f"/people/{kept}/accounts").text
    addresses = [part.split('"')[0] for part in client.get(path).text.split('action="')[1:]]
    address = next(each for each in addresses if each.endswith("/undo"))
    assert client.post(address.replace(str(kept), str(merged))).status_code == 404
    assert client.post(address).status_code == 303
    assert client.post(address).status_code == 409
    assert "Figma" in client.get(f"/people/{merged}/accounts").text
    assert "Figma" not in client.get(f"/people/{kept}/accounts").text

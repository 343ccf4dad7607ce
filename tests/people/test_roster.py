"""The roster sees what others commit, late or not, and nothing that was never committed."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.database import Database, Db
from app.core.jobs import Runtime
from app.core.listing import Order
from app.people import actions, queries, searching
from app.people.facets import ensure_facet
from app.people.folding import fold
from app.people.jobs import clear_roster_changes
from app.people.models import Person, RosterChange
from app.people.queries import PeopleFilter
from app.people.roster import Entry, Roster, Seen, Snapshot
from tests.builders import make_person
from tests.people.conftest import actor_of

ADMIN = actor_of("administrator")


def _names(db: Db, roster: Roster, q: str = "", sort: str = "name") -> list[str]:
    found = searching.search(db, ADMIN, roster, PeopleFilter(q=q), Order(sort, None, 100)).rows
    return [roster.name(db, person_id) for person_id in found]


def test_a_person_committed_elsewhere_is_found(database: Database) -> None:
    roster = Roster()
    with database.transaction() as db:
        assert _names(db, roster) == []
    with database.transaction() as db:
        make_person(db, "Ada Byron")
    with database.transaction() as db:
        assert _names(db, roster) == ["Ada Byron"]


def test_two_rosters_see_each_others_changes(database: Database) -> None:
    one, other = Roster(), Roster()
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
        assert _names(db, other) == ["Ada Byron"]
    with database.transaction() as db:
        assert _names(db, one) == ["Ada Byron"]
        actions.change_person(db, ADMIN, queries.get_to_change(db, ADMIN, ada), display_name="Ada Lovelace")
    with database.transaction() as db:
        assert _names(db, one) == _names(db, other) == ["Ada Lovelace"]


def test_a_transaction_that_commits_late_is_not_missed(database: Database) -> None:
    """It began before, and commits after, another that the roster has read already."""
    roster = Roster()
    with database.transaction() as late:
        early_person = make_person(late, "Late Riser")
        with database.transaction() as quick:
            make_person(quick, "Early Bird")
        with database.transaction() as db:
            assert _names(db, roster) == ["Early Bird"]
        with database.transaction() as db:
            make_person(db, "Third")
            assert _names(db, roster) == ["Early Bird", "Third"]
    with database.transaction() as db:
        assert _names(db, roster) == ["Early Bird", "Late Riser", "Third"]
        assert roster.name(db, early_person) == "Late Riser"


def test_what_was_rolled_back_was_never_kept(database: Database) -> None:
    roster = Roster()
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
    with database.transaction() as db:
        assert _names(db, roster) == ["Ada Byron"]
    with pytest.raises(InterruptedError), database.transaction() as db:
        make_person(db, "Nobody")
        actions.change_person(db, ADMIN, queries.get_to_change(db, ADMIN, ada), display_name="Changed")
        assert _names(db, roster) == ["Changed", "Nobody"], "a transaction sees its own changes"
        raise InterruptedError
    with database.transaction() as db:
        assert _names(db, roster) == ["Ada Byron"]


def test_a_first_reading_inside_a_change_is_not_kept_either(database: Database) -> None:
    roster = Roster()
    with pytest.raises(InterruptedError), database.transaction() as db:
        make_person(db, "Nobody")
        assert _names(db, roster) == ["Nobody"]
        raise InterruptedError
    with database.transaction() as db:
        assert _names(db, roster) == []


def test_an_older_snapshot_does_not_turn_the_roster_back(database: Database) -> None:
    roster = Roster()
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
    with database.transaction(read_only=True, snapshot=True) as old:
        assert _names(old, roster) == ["Ada Byron"]
        with database.transaction() as db:
            actions.change_person(db, ADMIN, queries.get_to_change(db, ADMIN, ada), display_name="Ada Lovelace")
            make_person(db, "Charles Babbage")
        with database.transaction() as db:
            assert _names(db, roster) == ["Ada Lovelace", "Charles Babbage"]
        roster.present(old)
    with database.transaction() as db:
        assert _names(db, roster) == ["Ada Lovelace", "Charles Babbage"]


def test_deleted_and_merged_people_are_dropped_and_come_back_when_unmerged(database: Database) -> None:
    roster = Roster()
    with database.transaction() as db:
        kept, merged, gone = (make_person(db, name) for name in ("Kept", "Merged", "Gone"))
        assert _names(db, roster) == ["Gone", "Kept", "Merged"]
    with database.transaction() as db:
        both = [queries.get_to_change(db, ADMIN, person) for person in (kept, merged)]
        merge = actions.merge_people(db, ADMIN, *both)
        db.run(sa.delete(Person).where(Person.id == gone))
    with database.transaction() as db:
        assert _names(db, roster) == ["Kept"]
    with database.transaction() as db:
        actions.unmerge_people(db, ADMIN, db.session.merge(merge))
    with database.transaction() as db:
        assert _names(db, roster) == ["Kept", "Merged"]


def test_only_those_who_changed_are_read_again(database: Database) -> None:
    roster = Roster()
    with database.transaction() as db:
        ada, eve = make_person(db, "Ada"), make_person(db, "Eve")
    with database.transaction() as db:
        before = roster.present(db).by_id
    with database.transaction() as db:
        actions.mark_left(db, ADMIN, queries.get_to_change(db, ADMIN, ada))
    with database.transaction() as db:
        after = roster.present(db).by_id
        assert after[ada].status == "left"
        assert after[eve] is before[eve]
        assert roster.present(db) is roster.present(db), "nothing changed, nothing is made anew"


def test_a_roster_that_slept_longer_than_notes_are_kept_starts_again(database: Database) -> None:
    roster = Roster()
    with database.transaction() as db:
        roster.present(db)
    with database.transaction() as db:
        make_person(db, "Ada")
    clock.shift(timedelta(days=3))
    try:
        clear_roster_changes.run(Runtime(None, database))  # type: ignore[arg-type] # it reads no settings
    finally:
        clock.shift(timedelta())
    with database.transaction() as db:
        assert db.value(sa.select(sa.func.count()).select_from(RosterChange)) == 0
        kept = roster._kept
        assert kept is not None
        kept.seen = kept.seen._replace(at=kept.seen.at - timedelta(days=2))
        assert _names(db, roster) == ["Ada"]


def test_words_are_found_in_any_order_case_and_accent_in_name_address_alias_and_employee_id(db: Db) -> None:
    roster = Roster()
    zoe = make_person(db, "Zoë Großmann", "zoe@example.com", aliases=["zg@corp.local"], facts={"employee_id": "E-77"})
    make_person(db, "Łukasz Ångström", "la@example.com")
    for q in ("zoe", "ZOË", "grossmann zoe", "großmann", "zg@corp", "e-77", "  Zoë  "):
        assert _names(db, roster, q) == ["Zoë Großmann"], q
    assert _names(db, roster, "lukasz angstrom") == ["Łukasz Ångström"]
    assert _names(db, roster, "zoe angstrom") == []
    assert _names(db, roster, "nobody\x00\ud800%_\\") == []
    assert [entry.id for entry in searching.find_named(db, ADMIN, roster, "ZG@corp.local")] == [zoe]
    assert searching.find_named(db, ADMIN, roster, "zoe") == []


def test_who_begins_with_what_is_typed_comes_first(db: Db) -> None:
    roster = Roster()
    for name in ("Alba Marin", "Marin Novak", "Susan Tamarind", "Bo Marinelli"):
        make_person(db, name, "")
    found = [entry.name for entry in searching.find_by_words(db, ADMIN, roster, "marin", 3)]
    assert found == ["Marin Novak", "Alba Marin", "Bo Marinelli"]


def test_pages_of_every_sort_hold_everybody_once_forwards_and_backwards(db: Db) -> None:
    roster = Roster()
    teams = [ensure_facet(db, "team", name) for name in ("Sales", "IT")]
    for number in range(23):
        team = teams[number % 2] if number % 3 else None
        make_person(db, f"Name {number % 5}", team_id=team, status=("active", "left", "unknown")[number % 3])
    for sort in [direction + sort for sort in searching.SORTS for direction in ("", "-")]:
        pages, cursor = [], None
        while True:
            page = searching.search(db, ADMIN, roster, PeopleFilter(), Order(sort, cursor, 5))
            pages.append(page)
            if page.next is None:
                break
            cursor = page.next
        forwards = [person_id for page in pages for person_id in page.rows]
        assert len(forwards) == len(set(forwards)) == page.total == 23
        whole = searching.search(db, ADMIN, roster, PeopleFilter(), Order(sort, None, 100)).rows
        assert forwards == list(whole), sort
        assert pages[0].previous is None
        back = searching.search(db, ADMIN, roster, PeopleFilter(), Order(sort, pages[-1].previous, 5))
        assert list(back.rows) == list(pages[-2].rows)
        first = searching.search(db, ADMIN, roster, PeopleFilter(), Order(sort, pages[1].previous, 5))
        assert (list(first.rows), first.previous) == (list(pages[0].rows), None)


def test_somebody_added_meanwhile_shifts_nothing(db: Db) -> None:
    roster = Roster()
    for letter in "BDFH":
        make_person(db, letter)
    first = searching.search(db, ADMIN, roster, PeopleFilter(), Order("name", None, 2))
    for letter in "ACE":
        make_person(db, letter)
    second = searching.search(db, ADMIN, roster, PeopleFilter(), Order("name", first.next, 2))
    assert [roster.name(db, person_id) for person_id in second.rows] == ["E", "F"]


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_folding_twice_is_folding_once_and_case_does_not_matter(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert fold(text.swapcase().swapcase().casefold()) == fold(text.casefold())
    assert fold(text.casefold()) == folded


def test_names_are_given_by_id_without_the_unknown(db: Db) -> None:
    roster = Roster()
    ada = make_person(db, "Ada")
    assert roster.names(db, [ada, None, UUID(int=5)]) == {ada: "Ada"}
    assert (roster.name(db, None), roster.name(db, UUID(int=5))) == ("", "")


_people = st.dictionaries(st.integers(0, 30), st.text("abÄ ", max_size=3), max_size=20)


@given(before=_people, after=_people, many=st.booleans())
@settings(max_examples=200)
def test_changing_a_snapshot_gives_what_reading_everybody_anew_would(
    before: dict[int, str], after: dict[int, str], many: bool
) -> None:
    def entries(people: dict[int, str]) -> dict[UUID, Entry]:
        return {
            UUID(int=number): Entry(
                UUID(int=number), name, f"{fold(name)}\n\n", "employee", "active", None, None, None, None, None, None
            )
            for number, name in people.items()
        }

    seen = Seen(1, frozenset(), clock.now())
    changed = {UUID(int=number) for number in before.keys() | after.keys() if before.get(number) != after.get(number)}
    fresh = [entry for person_id, entry in entries(after).items() if person_id in changed]
    unrelated = {UUID(int=1000 + number) for number in range(600 if many else 0)}
    made = Snapshot.of(entries(before), seen).with_changes(changed | unrelated, fresh, seen)
    anew = Snapshot.of(entries(after), seen)
    assert list(made.entries) == list(anew.entries)
    assert made.by_id == anew.by_id

"""One lifecycle source decides who has left; dates are judged where the organisation is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.audit import Event, EventFacts, EventRow
from app.core.database import Database, Db
from app.core.identifiers import new_id
from app.core.jobs import Runtime
from app.organisation.models import Organisation
from app.people import actions, lifecycle, queries
from app.people.jobs import follow_lifecycle
from app.people.models import Person, PersonRecord
from tests.builders import make_person
from tests.people.conftest import actor_of
from tests.people.records import end_record, make_record

ADMIN = actor_of("administrator")
HR, DIRECTORY = UUID(int=1), UUID(int=2)
DAY = date(2026, 3, 29)  # clocks go forward in Europe in the night before


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    _set_clock(datetime(2026, 3, 29, 12, tzinfo=UTC))
    yield
    clock.shift(timedelta())


def _set_clock(moment: datetime) -> None:
    clock.shift(timedelta())
    clock.shift(moment - clock.now())


def _organisation(db: Db, **values: object) -> None:
    db.run(sa.update(Organisation).values(lifecycle_source_id=HR, **values))


def _status(db: Db, person_id: UUID) -> tuple[str, str, date | None]:
    row = db.row(sa.select(Person.status, Person.status_from, Person.leaving_date).where(Person.id == person_id))
    assert row is not None
    return tuple(row)  # type: ignore[return-value]


def _decided(db: Db, person_id: UUID) -> tuple[str, str, date | None]:
    lifecycle.recompute(db, ADMIN, [person_id])
    return _status(db, person_id)


def _events(db: Db) -> list[tuple[str, str]]:
    rows = db.rows(sa.select(EventRow.__table__).order_by(EventRow.id))
    return [(row.action, db.open(EventFacts, EventRow, row.id, row.sealed).subject) for row in rows]


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        ({"status": "active"}, ("active", None)),
        ({"status": "left"}, ("left", None)),
        ({"status": "unknown"}, ("unknown", None)),
        ({"status": "active", "leaving_date": DAY - timedelta(1)}, ("left", DAY - timedelta(1))),
        ({"status": "active", "leaving_date": DAY}, ("active", DAY)),
        ({"status": "left", "leaving_date": DAY + timedelta(1)}, ("active", DAY + timedelta(1))),
        ({"status": "unknown", "leaving_date": DAY - timedelta(1)}, ("left", DAY - timedelta(1))),
    ],
)
def test_the_leaving_date_counts_if_given_else_the_status(
    db: Db, said: dict[str, object], decision: tuple[str, date | None]
) -> None:
    _organisation(db)
    person = make_person(db, status="unknown")
    make_record(db, person, HR, **said)
    make_record(db, person, DIRECTORY, status="active")
    assert _decided(db, person) == (decision[0], "lifecycle", decision[1])


@pytest.mark.parametrize(
    ("zone", "moment", "status"),
    [
        ("UTC", datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC), "active"),
        ("UTC", datetime(2026, 3, 29, 0, 0, tzinfo=UTC), "left"),
        ("Europe/Berlin", datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), "active"),
        ("Europe/Berlin", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "left"),
        ("Pacific/Kiritimati", datetime(2026, 3, 28, 9, 59, 59, tzinfo=UTC), "active"),
        ("Pacific/Kiritimati", datetime(2026, 3, 28, 10, 0, tzinfo=UTC), "left"),
        ("America/Los_Angeles", datetime(2026, 3, 29, 6, 59, 59, tzinfo=UTC), "active"),
        ("America/Los_Angeles", datetime(2026, 3, 29, 7, 0, tzinfo=UTC), "left"),
    ],
)
def test_somebody_has_left_when_their_last_day_is_over_where_the_organisation_is(
    db: Db, zone: str, moment: datetime, status: str
) -> None:
    _organisation(db, time_zone=zone)
    person = make_person(db)
    make_record(db, person, HR, leaving_date=date(2026, 3, 28))
    _set_clock(moment)
    assert _decided(db, person)[0] == status


def test_who_the_lifecycle_source_no_longer_holds_has_left_whatever_others_say(db: Db) -> None:
    _organisation(db)
    person = make_person(db)
    record = make_record(db, person, HR, leaving_date=DAY + timedelta(9))
    make_record(db, person, DIRECTORY)
    assert _decided(db, person)[0] == "active"
    end_record(db, record)
    assert _decided(db, person) == ("left", "lifecycle", DAY + timedelta(9))


def test_who_is_known_only_from_other_sources_never_has_left(db: Db) -> None:
    _organisation(db)
    for said, status in (("active", "active"), ("left", "unknown"), ("unknown", "unknown")):
        person = make_person(db, status="unknown")
        record = make_record(db, person, DIRECTORY, status=said, leaving_date=DAY - timedelta(3))
        assert _decided(db, person) == (status, "records", DAY - timedelta(3))
        end_record(db, record)
        assert _decided(db, person)[0] == "unknown"


def test_one_active_record_is_enough(db: Db) -> None:
    _organisation(db)
    person = make_person(db)
    make_record(db, person, HR, status="left", leaving_date=DAY - timedelta(400))
    make_record(db, person, HR)
    assert _decided(db, person) == ("active", "lifecycle", None)


def test_without_a_lifecycle_source_nobody_leaves_by_themselves(db: Db) -> None:
    person = make_person(db)
    make_record(db, person, HR, status="active", leaving_date=DAY - timedelta(1))
    assert _decided(db, person)[:2] == ("active", "records")


def test_what_a_hand_decided_stays_until_the_lifecycle_source_knows_the_person(db: Db) -> None:
    _organisation(db)
    person = make_person(db, "Ada")
    make_record(db, person, DIRECTORY)
    lifecycle.recompute(db, ADMIN, None)
    actions.mark_left(db, ADMIN, queries.get_to_change(db, ADMIN, person))
    assert _decided(db, person) == ("left", "hand", DAY)
    make_record(db, person, HR)
    assert _decided(db, person) == ("active", "lifecycle", None)
    assert _events(db) == [(Event.PERSON_LEFT, "Ada"), (Event.PERSON_JOINED, "Ada")]


def test_a_last_day_typed_here_passes_too(database: Database) -> None:
    with database.transaction() as db:
        person = make_person(db, "Ada")
        actions.mark_left(db, ADMIN, queries.get_to_change(db, ADMIN, person), leaving_date=DAY)
        assert _decided(db, person) == ("active", "hand", DAY)
    _set_clock(datetime(2026, 3, 30, 0, 5, tzinfo=UTC))
    follow_lifecycle.run(Runtime(None, database))  # type: ignore[arg-type] # it reads no settings
    with database.transaction() as db:
        assert _status(db, person) == ("left", "hand", DAY)
        assert _events(db)[-1] == (Event.PERSON_LEFT, "Ada")


def test_each_change_is_one_event_and_a_second_run_changes_nothing(db: Db) -> None:
    _organisation(db)
    joiner, leaver = make_person(db, "Joiner", status="unknown"), make_person(db, "Leaver")
    make_record(db, joiner, HR)
    make_record(db, leaver, HR, status="left")
    found = lifecycle.recompute(db, ADMIN, None)
    assert (found.joined, found.left, found.changed) == ((joiner,), (leaver,), 2)
    assert sorted(_events(db)) == [(Event.PERSON_JOINED, "Joiner"), (Event.PERSON_LEFT, "Leaver")]
    assert lifecycle.recompute(db, ADMIN, None) == ((), (), 0)
    assert db.value(sa.select(Person.left_at).where(Person.id == leaver)) is not None


def test_a_first_run_and_a_choice_of_source_record_no_event_for_each_person(db: Db) -> None:
    leavers = [make_person(db) for _ in range(3)]
    for person in leavers:
        make_record(db, person, HR, status="left")
    found = lifecycle.choose_lifecycle_source(db, ADMIN, HR, label="HR")
    assert set(found.left) == set(leavers)
    assert [action for action, _ in _events(db)] == [Event.LIFECYCLE_SOURCE_CHANGED]
    lifecycle.choose_lifecycle_source(db, ADMIN, None)
    assert {_status(db, person)[:2] for person in leavers} == {("unknown", "records")}


def test_others_and_the_merged_are_left_alone(db: Db) -> None:
    _organisation(db)
    asked, other = make_person(db), make_person(db)
    tombstone = make_person(db, merged_into_id=asked)
    for person in (asked, other, tombstone):
        make_record(db, person, HR, status="left")
    lifecycle.recompute(db, ADMIN, [asked])
    assert [_status(db, person)[0] for person in (asked, other, tombstone)] == ["left", "active", "active"]
    nobody_knows = make_person(db, status="unknown")
    assert _decided(db, nobody_knows) == ("unknown", "records", None)


_days = st.none() | st.integers(-2, 2)
_records = st.lists(
    st.tuples(st.sampled_from([HR, DIRECTORY]), st.sampled_from(["active", "left", "unknown"]), _days, st.booleans()),
    max_size=4,
)


def _expected(records: list[tuple[UUID, str, int | None, bool]]) -> str:
    """The rules of the module's docstring, said a second time."""

    def says(status: str, offset: int | None) -> str:
        return status if offset is None else "left" if offset < 0 else "active"

    if not records:
        return "active"  # as it was
    if any(source == HR for source, *_ in records):
        said = {says(status, offset) for source, status, offset, present in records if source == HR and present}
        return next((word for word in ("active", "unknown") if word in said), "left")
    return "active" if any(status == "active" and present for _, status, _, present in records) else "unknown"


@given(people=st.lists(_records, min_size=1, max_size=25))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_statement_does_what_the_rules_say(db: Db, people: list[list[tuple[UUID, str, int | None, bool]]]) -> None:
    _organisation(db)
    db.run(sa.delete(PersonRecord))
    ids = [make_person(db, email="") for _ in people]
    for person, records in zip(ids, people, strict=True):
        for source, status, offset, present in records:
            leaving = None if offset is None else DAY + timedelta(offset)
            record = make_record(db, person, source, status=status, leaving_date=leaving, source_id=str(new_id()))
            if not present:
                end_record(db, record)
    lifecycle.recompute(db, ADMIN, ids, quiet=True)
    assert [_status(db, person)[0] for person in ids] == [_expected(records) for records in people]
    assert lifecycle.recompute(db, ADMIN, ids).changed == 0


def test_two_at_once_record_one_event(database: Database) -> None:
    """The second waits for the first, then sees that there is nothing left to do."""

    def decide() -> int:
        with database.transaction() as db:
            return lifecycle.recompute(db, ADMIN, None).changed

    def is_waiting() -> bool:
        with database.transaction() as db:  # of its own: a transaction sees one state of the activity
            return bool(db.value(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    with database.transaction() as db:
        _organisation(db)
        make_record(db, make_person(db, "Leaver"), HR, status="left")
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as first:
            assert lifecycle.recompute(first, ADMIN, None).changed == 1
            second = pool.submit(decide)
            while not is_waiting():
                assert not second.done()
        assert second.result() == 0
    with database.transaction() as db:
        assert _events(db) == [(Event.PERSON_LEFT, "Leaver")]


def test_unknown_people_are_no_mistake(db: Db) -> None:
    assert lifecycle.recompute(db, ADMIN, [uuid4()]) == ((), (), 0)
    assert lifecycle.recompute(db, ADMIN, []) == ((), (), 0)

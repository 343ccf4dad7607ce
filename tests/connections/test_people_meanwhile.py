"""What a hand does to people between syncs, or beside one, is neither lost nor left wrong."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.access import merging
from app.connections import actions
from app.connections.models import Connection
from app.core import clock
from app.core.audit import Event
from app.core.database import Database, Db
from app.people import actions as people
from app.people import snapshot
from app.people.models import Person, PersonFacts, PersonMerge
from tests.connections import sheets
from tests.connections.directory import directory, users
from tests.connections.harness import ADMIN, Bench
from tests.inventory import events

HEADER = ("Employee id", "Name", "Email", "Phone", "Title")
ANN = ("1", "Ann", "ann@example.com", "", "Nurse")
BEA = ("2", "Bea", "bea@example.com", "+44 BEA", "Cook")


def _put(database: Database, *rows: Sequence[str]) -> None:
    sheets.apply(database, sheets.bring(database, "people", sheets.sheet([HEADER, *rows])))


def _people(db: Db) -> dict[str, tuple[Person, PersonFacts]]:
    found = db.session.scalars(sa.select(Person).where(Person.merged_into_id.is_(None)).with_for_update())
    opened = [(person, db.open(PersonFacts, Person, person.id, person.sealed)) for person in found]
    return {facts.display_name: (person, facts) for person, facts in opened}


def test_who_was_merged_and_synced_is_each_themselves_again_after_the_merge_is_undone(bench: Bench) -> None:
    database = bench.database
    _put(database, ANN, BEA)
    with database.transaction() as db:
        before = {name: facts for name, (_, facts) in _people(db).items()}
        merging.merge_people(db, ADMIN, _people(db)["Ann"][0], _people(db)["Bea"][0])
    _put(database, (*ANN[:4], "Head nurse"), BEA)
    with database.transaction() as db:
        merging.unmerge_people(db, ADMIN, db.session.scalars(sa.select(PersonMerge)).one())
    for _ in range(2):
        with database.transaction() as db:
            assert {name: facts for name, (_, facts) in _people(db).items()} == before
        _put(database, (*ANN[:4], "Head nurse"), BEA)


def test_what_is_typed_beside_a_merge_of_records_is_not_overwritten(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = bench.database
    _put(database, ANN)
    import_id = sheets.bring(database, "people", sheets.sheet([HEADER, ("1", "Anna", *ANN[2:])]))
    join, typed = snapshot.join, []

    def joined(db: Db, *given: Any) -> Any:
        found = join(db, *given)
        if not typed:
            with database.transaction() as other:
                people.change_person(other, ADMIN, _people(other)["Ann"][0], phone="+1 typed")
            typed.append(True)
        return found

    monkeypatch.setattr(snapshot, "join", joined)
    sheets.apply(database, import_id)
    with database.transaction() as db:
        person, facts = _people(db)["Ann"]
        assert (person.is_manual, facts.phone) == (True, "+1 typed")


def test_who_leaves_while_another_source_is_read_first_is_told(bench: Bench) -> None:
    database = bench.database
    header, today = (*HEADER, "Leaving date"), clock.now().date().isoformat()
    rows = [header, (*ANN, today), (*BEA, "")]
    sheets.apply(database, sheets.bring(database, "people", sheets.sheet(rows)))
    with database.transaction() as db:
        actions.choose_lifecycle_source(db, ADMIN, db.session.scalars(sa.select(Connection)).one())
    clock.shift(timedelta(days=2))
    try:
        with directory(users(3)) as peer:
            assert bench.sync(bench.connect(peer, decides=False), peer).state == "done"
    finally:
        clock.shift(timedelta())
    with database.transaction() as db:
        assert _people(db)["Ann"][0].status == "left"
        told = [facts.subject for action, facts in events(db) if action == Event.PERSON_LEFT]
    assert told == ["Ann"]

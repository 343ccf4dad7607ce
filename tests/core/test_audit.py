"""The trail is written with the change, sealed, and not to be altered by the application."""

import pytest
import sqlalchemy as sa

from app.core import audit, clock
from app.core.actor import job_actor
from app.core.audit import Event, EventFacts, EventRow, Subject
from app.core.database import Database, Db
from app.core.identifiers import new_id
from app.core.jobs import enqueue, job
from app.core.sealed import DoesNotOpen

_noop = job("tests.noop")(lambda runtime: None)


def _write(db: Db) -> sa.Row:
    event_id = audit.record(
        db, job_actor("tests"), Event.APP_CREATED, Subject("app", new_id(), "Zoom"),
        changes=audit.changed({"name": None}, {"name": "Zoom"}),
    )  # fmt: skip
    row = db.row(sa.select(EventRow.__table__).where(EventRow.id == event_id))
    assert row is not None
    return row


def test_an_event_cannot_be_changed_or_deleted_by_the_application(database: Database) -> None:
    for statement in (sa.update(EventRow).values(outcome="x"), sa.delete(EventRow)):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), database.transaction() as db:
            _write(db)
            db.run(statement)


def test_an_event_opens_and_its_mac_covers_every_column(db: Db) -> None:
    row = _write(db)
    facts = db.open(EventFacts, EventRow, row.id, row.sealed)
    assert (facts.actor, facts.subject, facts.changes[0].after) == ("tests", "Zoom", "Zoom")
    values = dict(row._mapping)
    assert audit.event_mac(db.keys, values) == row.mac
    for name in values:
        if name not in {"mac", "sealed"}:
            assert audit.event_mac(db.keys, {**values, name: clock.now()}) != row.mac


def test_sealed_facts_do_not_open_in_another_row(db: Db) -> None:
    row = _write(db)
    with pytest.raises(DoesNotOpen):
        db.open(EventFacts, EventRow, new_id(), row.sealed)


def test_a_job_exists_only_when_its_transaction_commits(database: Database) -> None:
    waiting = sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'tests.noop'")
    with pytest.raises(RuntimeError), database.transaction() as db:
        enqueue(db, _noop)
        raise RuntimeError
    with database.transaction() as db:
        assert db.value(waiting) == 0
        assert enqueue(db, _noop, queueing_lock="one")
        assert enqueue(db, _noop, queueing_lock="one") is None
    with database.transaction() as db:
        assert db.value(waiting) == 1

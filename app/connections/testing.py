"""Test a connection: ask the other system for as little as shows that a sync will work, and name what is wrong.

A test is a run that reads nothing, carried out by a worker, because a request must not wait for another system while it
holds a transaction.
"""

from threading import Event as Signal
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from app.connections.client import Stopped, client
from app.connections.models import Connection, Sync, SyncFacts
from app.connections.sync import configured, sentence_of
from app.core import clock
from app.core.database import Db
from app.core.jobs import Runtime, enqueue, job

TIMEOUT: Final = 20.0  # seconds: somebody watches


def run(runtime: Runtime, *, sync_id: str) -> None:
    """Carry out one test; whatever goes wrong is its result. A worker that ends leaves it to another."""
    test_id = UUID(sync_id)
    error = ""
    try:
        _ask(runtime, test_id)
    except Stopped:
        with runtime.database.transaction() as db:
            enqueue_test(db, test_id)
        return
    except Exception as failure:  # noqa: BLE001 - a test tells every failure
        error = sentence_of(failure)
    with runtime.database.transaction() as db:
        state = "failed" if error else "done"
        sealed = db.seal(Sync, test_id, SyncFacts(error=error))
        ended = sa.update(Sync).where(Sync.id == test_id, Sync.state != "discarded")
        db.run(ended.values(state=state, sealed=sealed, finished_at=clock.now()))


TEST = job("connections.test", retries=1, queue="tests")(run)


def enqueue_test(db: Db, sync_id: UUID) -> None:
    """Have a worker carry out a test."""
    enqueue(db, TEST, sync_id=str(sync_id))


def _ask(runtime: Runtime, test_id: UUID) -> None:
    with runtime.database.transaction() as db:
        sync = db.find(Sync, test_id)
        assert sync is not None
        connection = db.find(Connection, sync.connection_id)
        assert connection is not None
        connector, config = configured(db, connection, purpose="test")
        sync.state, sync.started_at = "running", clock.now()
    if connector.check is not None:
        speaking = client(runtime.extras["outbound"], runtime.should_stop, Signal().wait, timeout=TIMEOUT)
        connector.check(speaking, config)

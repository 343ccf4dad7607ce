"""The timetable of syncs: starts what is due, goes on with what was postponed, and finds what was lost.

A run that waits for a person holds back the timetable of its connection, so that nobody approves one thing while
another is read.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from app.connections.fencing import PausedCopies
from app.connections.models import LIVE, Connection, Sync
from app.connections.runs import request_sync
from app.connections.sync import enqueue_sync
from app.core import clock
from app.core.actor import job_actor
from app.core.database import Db
from app.core.jobs import Runtime, job

ACTOR: Final = job_actor("Timetable")
LOST_AFTER: Final = timedelta(minutes=5)
_PAUSED: Final = PausedCopies()  # an import, too, may be paused within a COPY, and nobody claims it


def run(runtime: Runtime) -> None:
    """One look at the timetable; each connection is a transaction of its own."""
    with runtime.database.transaction() as db:
        _PAUSED.end(db)
    with runtime.database.transaction(read_only=True) as db:
        due = _due(db)
    for connection_id in due:
        with runtime.database.transaction() as db:
            _start(db, connection_id)
    with runtime.database.transaction() as db:
        for row in db.rows(sa.select(Sync.id, Sync.connection_id).where(_is_left())):
            enqueue_sync(db, row.connection_id, row.id)


SCHEDULE = job("connections.schedule", every="* * * * *", retries=1)(run)


def _due(db: Db) -> list[UUID]:
    due = (Connection.status == "active", Connection.every_minutes > 0, Connection.next_run_at <= clock.now())
    return list(db.session.scalars(sa.select(Connection.id).where(*due, ~_is_busy())))


def _is_busy() -> sa.ColumnElement[bool]:
    states = (*LIVE, "waiting_approval")
    return sa.exists().where(Sync.connection_id == Connection.id, Sync.state.in_(states), Sync.trigger != "test")


def _start(db: Db, connection_id: UUID) -> None:
    connection = db.find(Connection, connection_id, lock=True)
    now = clock.now()
    if connection is None or connection.status != "active" or not connection.next_run_at:
        return
    if connection.next_run_at > now:
        return  # another look at the timetable was faster
    connection.next_run_at = now + timedelta(minutes=connection.every_minutes)
    request_sync(db, ACTOR, connection, trigger="schedule")


def _is_left() -> sa.ColumnElement[bool]:
    """Postponed and due again, or begun and not heard of for a while: its job may have been lost."""
    heard = sa.func.coalesce(Sync.heartbeat_at, Sync.created_at)
    lost = Sync.not_before.is_(None) & (heard < clock.now() - LOST_AFTER)
    return sa.and_(
        Sync.state.in_(LIVE), Sync.trigger.in_(("manual", "schedule")), sa.or_(Sync.not_before <= clock.now(), lost)
    )

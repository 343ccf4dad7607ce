"""Reading connections and their runs: health in one word, what a run did, what it found wrong. No secret is ever read here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.apps.queries import surviving_id
from app.connections.models import Connection, ConnectionFacts, Counts, Sync, open_connection, open_sync
from app.core import clock
from app.core.database import Db
from app.core.errors import NotFound
from app.core.listing import Order, Page, Sort, page_of
from app.core.sealed import DoesNotOpen

Health = Literal["fresh", "late", "failed", "waiting", "never", "paused", "altered"]
SORTS = {"name": Sort(sa.func.lower(Connection.name)), "id": Sort(Connection.id, UUID)}
SYNC_SORTS = {"id": Sort(Sync.id, UUID)}
NEWEST_FIRST = "-id"
_LATE_AFTER = timedelta(hours=26)
_BY_HAND_LATE_AFTER = timedelta(days=35)


class ConnectionOut(msgspec.Struct, frozen=True):
    """A connection. ``settings`` are its fields without secrets; ``secrets`` names those that are stored.

    ``health``: fresh, late (older than its timetable allows), failed (its last run failed), waiting (a run asks for
    approval), never (no complete sync yet), paused, altered (changed by hand in the database: its settings do not open,
    and nothing runs until they are entered again).
    """

    id: UUID
    connector: str
    name: str
    status: str
    health: Health
    app_id: UUID | None
    feeds_people: bool
    every_minutes: int
    removal_percent: int
    removal_count: int
    settings: dict[str, str | int | bool]
    secrets: tuple[str, ...]
    last_complete_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime


class SyncOut(msgspec.Struct, frozen=True):
    """One run. ``counts`` holds read, added, changed, unchanged and vanished for each kind of record."""

    id: UUID
    connection_id: UUID
    trigger: str
    state: str
    verdict: str
    counts: dict[str, Counts]
    problems: int
    error: str
    reasons: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stop_requested: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it is not over yet."""
        return self.state in {"queued", "running"}

    @property
    def seconds(self) -> int | None:
        """How long it took, waiting for a person included; None while it runs."""
        if self.started_at is None or self.finished_at is None:
            return None
        return round((self.finished_at - self.started_at).total_seconds())

    def total(self, what: Literal["read", "added", "changed", "unchanged", "vanished"]) -> int:
        """One count over all kinds."""
        return sum(getattr(counts, what) for counts in self.counts.values())


_IS_RUN = sa.and_(Sync.trigger != "test", Sync.state != "preview")
_LAST_STATE = (
    sa.select(Sync.state)
    .where(Sync.connection_id == Connection.id, _IS_RUN)
    .order_by(Sync.id.desc())
    .limit(1)
    .scalar_subquery()
)


def list_connections(db: Db, order: Order) -> Page[ConnectionOut]:
    """One page of connections that are not removed."""
    return page_of(db, _select(), SORTS, order, key=Connection.id).map(lambda rows: [_opened(db, row) for row in rows])


def all_connections(db: Db) -> list[ConnectionOut]:
    """Every connection that is not removed, by name; there are dozens, not thousands."""
    return [_opened(db, row) for row in db.rows(_select().order_by(sa.func.lower(Connection.name)))]


def health_of_all(db: Db) -> list[tuple[sa.Row[Any], Health]]:
    """Every connection that is not removed, with its health and nothing of it opened."""
    return [(row, _health(row)) for row in db.rows(_select())]


def get_connection(db: Db, connection_id: UUID) -> ConnectionOut:
    """One connection. Refuses (``NotFound``)."""
    row = db.row(_select().where(Connection.id == connection_id))
    if row is None:
        raise NotFound("There is no such connection.")
    return _opened(db, row)


def get_to_change(db: Db, connection_id: UUID) -> Connection:
    """One connection, locked. Refuses (``NotFound``) one that is not there or removed."""
    connection = db.find(Connection, connection_id, lock=True)
    if connection is None or connection.status == "removed":
        raise NotFound("There is no such connection.")
    return connection


def list_syncs(db: Db, order: Order, *, connection_id: UUID | None = None, states: Sequence[str] = ()) -> Page[SyncOut]:
    """One page of runs, newest first; tests and files that are not applied yet are left out."""
    statement = sa.select(Sync.__table__).where(_IS_RUN)
    if connection_id is not None:
        statement = statement.where(Sync.connection_id == connection_id)
    if states:
        statement = statement.where(Sync.state.in_(states))
    return page_of(db, statement, SYNC_SORTS, order, key=Sync.id).map(lambda rows: [_sync(db, row) for row in rows])


def get_sync(db: Db, sync_id: UUID) -> SyncOut:
    """One run. Refuses (``NotFound``)."""
    row = db.row(sa.select(Sync.__table__).where(Sync.id == sync_id))
    if row is None:
        raise NotFound("There is no such sync.")
    return _sync(db, row)


def get_sync_to_change(db: Db, connection_id: UUID, sync_id: UUID) -> Sync:
    """A run of a connection, locked. Refuses (``NotFound``)."""
    sync = db.find(Sync, sync_id, lock=True)
    if sync is None or sync.connection_id != connection_id:
        raise NotFound("There is no such sync.")
    return sync


def latest(db: Db, connection_id: UUID, *, tests: bool = False) -> SyncOut | None:
    """The newest run, or the newest test."""
    wanted = Sync.trigger == "test" if tests else _IS_RUN
    row = db.row(
        sa.select(Sync.__table__).where(Sync.connection_id == connection_id, wanted).order_by(Sync.id.desc()).limit(1)
    )
    return _sync(db, row) if row else None


def _select() -> sa.Select[Any]:
    return sa.select(Connection.__table__, _LAST_STATE.label("last_state")).where(
        Connection.status.in_(("active", "paused"))
    )


def _opened(db: Db, row: Any) -> ConnectionOut:
    health = _health(row)
    try:
        facts = open_connection(db, row)
    except DoesNotOpen:
        facts, health = ConnectionFacts(), "altered"
    return ConnectionOut(
        id=row.id, connector=row.connector, name=row.name, status=row.status, health=health,
        app_id=surviving_id(db, row.app_id) if row.app_id else None, feeds_people=row.feeds_people,
        every_minutes=row.every_minutes, removal_percent=row.removal_percent, removal_count=row.removal_count,
        settings=facts.settings, secrets=facts.secrets, last_complete_at=row.last_complete_at, next_run_at=row.next_run_at,
        created_at=row.created_at,
    )  # fmt: skip


def _health(row: Any) -> Health:
    by_state: dict[str, Health] = {"waiting_approval": "waiting", "failed": "failed"}
    if row.status == "paused":
        return "paused"
    if row.last_state in by_state:
        return by_state[row.last_state]
    if row.last_complete_at is None:
        return "never"
    return "late" if clock.now() - row.last_complete_at > _allowed_age(row.every_minutes) else "fresh"


def _allowed_age(every_minutes: int) -> timedelta:
    return max(timedelta(minutes=2 * every_minutes), _LATE_AFTER) if every_minutes else _BY_HAND_LATE_AFTER


def _sync(db: Db, row: Any) -> SyncOut:
    facts = open_sync(db, row)
    return SyncOut(
        id=row.id, connection_id=row.connection_id, trigger=row.trigger, state=row.state, verdict=row.verdict,
        counts=facts.counts, problems=row.problems, error=facts.error,
        reasons=facts.reasons, created_at=row.created_at, started_at=row.started_at, finished_at=row.finished_at,
        stop_requested=row.stop_requested,
    )  # fmt: skip

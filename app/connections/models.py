"""Connections, their syncs, and what a sync has read but not yet merged.

A connection's settings are sealed and bound to its connector, its secret's reference, its app, its limits on removals and
whether its records make people, so that none of them can be changed by hand in the database. Secrets are in the vault.
"""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base, Db
from app.core.sealed import DoesNotOpen, Facts

ConnectionStatus = Literal["draft", "active", "paused", "removed"]
SyncState = Literal[
    "queued", "running", "waiting_approval", "done", "failed", "discarded", "stopped", "preview", "undone"
]
Trigger = Literal["manual", "schedule", "import", "test"]
Verdict = Literal["", "sound", "unsound"]
LIVE = ("queued", "running")


class ConnectionFacts(Facts, frozen=True):
    """The settings that are not secret, and the names of the secrets that the vault holds for this connection.

    ``limits`` repeat ``feeds_people``, ``removal_percent`` and ``removal_count`` of the row; None where it was sealed before
    they were bound.
    """

    settings: dict[str, str | int | bool] = msgspec.field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    limits: tuple[bool, int, int] | None = None


class Connection(Base):
    """One configured connector.

    ``app_id`` is the app whose accounts it brings (no foreign key: the app may be merged away, then they go along);
    ``feeds_people`` marks a directory or HR system, whose records make people. ``every_minutes`` is 0 for "by hand
    only". ``fence`` is the number of the latest claim (see ``fencing``). A "draft" is a spreadsheet of which nothing is
    applied yet.
    """

    __tablename__ = "connections"

    id: Mapped[UUID] = columns.row_id()
    connector: Mapped[str] = columns.plain(sa.String(40))
    name: Mapped[str] = columns.plain(sa.String(200))
    app_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True, index=True)
    feeds_people: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    every_minutes: Mapped[int] = columns.plain(sa.Integer, server_default="0")
    status: Mapped[str] = columns.plain(sa.String(20), server_default="active")
    removal_percent: Mapped[int] = columns.plain(sa.SmallInteger, server_default="5")
    removal_count: Mapped[int] = columns.plain(sa.Integer, server_default="5")
    vault_reference: Mapped[str | None] = columns.vault_reference()
    fence: Mapped[int] = columns.plain(sa.BigInteger, server_default="0")
    next_run_at: Mapped[datetime | None] = columns.optional_moment(index=True)
    last_complete_at: Mapped[datetime | None] = columns.optional_moment()
    created_at: Mapped[datetime] = columns.moment()
    changed_at: Mapped[datetime] = columns.moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (
        sa.Index(
            "uq_connections_name", sa.text("lower(name)"), unique=True, postgresql_where=sa.text("status <> 'removed'")
        ),
    )


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one run did with one kind of record."""

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0


class Removal(msgspec.Struct, frozen=True):
    """What a run would take away of one kind: how many in all, and the ids of the first of them."""

    kind: Literal["person", "account", "entitlement", "grant", "leaver"]
    total: int
    seen: int
    ids: tuple[str, ...] = ()


class SyncFacts(Facts, frozen=True):
    """What a run did and has to say: counts per kind of record, why it failed, why it is unsound, what would vanish."""

    counts: dict[str, Counts] = msgspec.field(default_factory=dict)
    error: str = ""
    reasons: tuple[str, ...] = ()
    removals: tuple[Removal, ...] = ()


class Sync(Base):
    """One run of a connection; a "preview" is a file that was read and not applied yet.

    ``problems`` counts unreadable records; ``not_before`` is when a postponed run goes on.
    """

    __tablename__ = "syncs"

    id: Mapped[UUID] = columns.row_id()
    connection_id: Mapped[UUID] = columns.reference("connections.id", index=False)
    trigger: Mapped[str] = columns.plain(sa.String(20))
    state: Mapped[str] = columns.plain(sa.String(20))
    fence: Mapped[int] = columns.plain(sa.BigInteger, server_default="0")
    attempts: Mapped[int] = columns.plain(sa.SmallInteger, server_default="0")
    stop_requested: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    is_approved: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    verdict: Mapped[str] = columns.plain(sa.String(10), server_default="")
    problems: Mapped[int] = columns.plain(sa.Integer, server_default="0")
    created_at: Mapped[datetime] = columns.moment()
    not_before: Mapped[datetime | None] = columns.optional_moment()
    started_at: Mapped[datetime | None] = columns.optional_moment()
    heartbeat_at: Mapped[datetime | None] = columns.optional_moment()
    read_at: Mapped[datetime | None] = columns.optional_moment()
    finished_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes | None] = columns.sealed_facts(nullable=True)

    __table_args__ = (
        sa.Index("ix_syncs_connection_id_id", "connection_id", "id"),
        sa.Index(
            "uq_syncs_live",
            "connection_id",
            unique=True,
            postgresql_where=sa.text("state IN ('queued', 'running') AND trigger <> 'test'"),
        ),
        sa.Index("ix_syncs_state", "state", postgresql_where=sa.text("state IN ('queued', 'running')")),
    )


class SyncCheckpoint(Base):
    """Where a run stands, written with each page: the connectors' ``Checkpoint``, sealed (a cursor may hold names)."""

    __tablename__ = "sync_checkpoints"

    sync_id: Mapped[UUID] = columns.reference("syncs.id", ondelete="CASCADE", primary_key=True, index=False)
    version: Mapped[int] = columns.plain(sa.SmallInteger)
    sealed: Mapped[bytes] = columns.sealed_facts()


class SyncProblems(Base):
    """The records of one page that could not be read, and why; kept with the run."""

    __tablename__ = "sync_problems"

    sync_id: Mapped[UUID] = columns.reference("syncs.id", ondelete="CASCADE", primary_key=True, index=False)
    number: Mapped[int] = columns.plain(sa.Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = columns.plain(sa.Integer)
    sealed: Mapped[bytes] = columns.sealed_facts()


class StagedRecord(Base):
    """One record as a run read it, until it is merged; keyed by run, kind and the blind index of the source's id.

    ``row_id`` is the id that the record has, or will have, in its own table, and ``sealed`` its facts sealed for that row:
    merging moves bytes and opens nothing. ``sealed`` is null where the content equals what is stored (by its keyed MAC)
    and for grants, which have none; ``content_mac`` is null for a record that is there and could not be read.
    """

    __tablename__ = "staged_records"

    sync_id: Mapped[UUID] = columns.plain(sa.Uuid, primary_key=True)
    kind: Mapped[str] = columns.plain(sa.String(12), primary_key=True)
    source_index: Mapped[bytes] = columns.blind_index(primary_key=True)
    row_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True)
    content_mac: Mapped[bytes | None] = columns.plain(sa.LargeBinary(32), nullable=True)
    sealed: Mapped[bytes | None] = columns.sealed_facts(nullable=True)
    type: Mapped[str | None] = columns.plain(sa.String(20), nullable=True)
    status: Mapped[str | None] = columns.plain(sa.String(20), nullable=True)
    is_privileged: Mapped[bool | None] = columns.plain(sa.Boolean, nullable=True)
    email_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    username_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    manager_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    account_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    entitlement_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    start_date: Mapped[date | None] = columns.optional_day()
    leaving_date: Mapped[date | None] = columns.optional_day()
    last_login_at: Mapped[datetime | None] = columns.optional_moment()
    created_in_app_at: Mapped[datetime | None] = columns.optional_moment()


def open_connection(db: Db, row: Any) -> ConnectionFacts:
    """The settings of a connection's row. Raises ``DoesNotOpen`` when a bound column was changed by hand."""
    facts = db.open(ConnectionFacts, Connection, row.id, row.sealed, row.connector, row.vault_reference, row.app_id)
    if facts.limits not in {None, _limits(row)}:
        raise DoesNotOpen("the limits or whose people count were changed")
    return facts


def seal_connection(db: Db, row: Connection, facts: ConnectionFacts) -> bytes:
    """Seal a connection's settings under the columns they are bound to, which have been set."""
    bound = msgspec.structs.replace(facts, limits=_limits(row))
    return db.seal(Connection, row.id, bound, row.connector, row.vault_reference, row.app_id)


def _limits(row: Any) -> tuple[bool, int, int]:
    return row.feeds_people, row.removal_percent, row.removal_count


def open_sync(db: Db, row: Any) -> SyncFacts:
    """What a run has to say; nothing while it runs."""
    return db.open(SyncFacts, Sync, row.id, row.sealed) if row.sealed else SyncFacts()

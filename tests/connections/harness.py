"""Connections at work in tests: a runtime without a worker, a connection to a peer, and what came of a sync."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa

from app.connections import actions, runs
from app.connections.models import Connection, Counts, Sync, SyncFacts, open_sync
from app.connections.sync import run as run_sync
from app.core.actor import Actor, job_actor
from app.core.database import Database
from app.core.jobs import Runtime
from app.core.outgoing.outbound import Outbound
from app.core.settings import Settings
from connectors.registry import CONNECTORS
from tests.builders import make_app

ADMIN = job_actor("administrator of the tests")


@dataclass
class Bench:
    """A database, and what a job works with. The peer's host is on the operator's list."""

    database: Database
    settings: Settings
    opened: list[Outbound] = field(default_factory=list)

    def close(self) -> None:
        """Close the connections that peers keep open."""
        for outbound in self.opened:
            outbound.close()

    def runtime(self, url: str) -> Runtime:
        """What a job gets to work with, when it may call ``url``."""
        self.opened.append(Outbound([urlsplit(url).netloc]))
        return Runtime(self.settings, self.database, {"outbound": self.opened[-1]})

    def connect(self, peer: Any, *, actor: Actor = ADMIN, decides: bool = True, **facts: Any) -> UUID:
        """A SCIM connection to ``peer`` (its url and token), that decides who has left unless told otherwise."""
        settings = {"base_url": peer.url, "token": peer.token, **facts.pop("settings", {})}
        with self.database.transaction() as db:
            app_id = facts.pop("app_id", None) or make_app(db)
            values = {"name": "Directory", "app_id": app_id, "settings": settings, **facts}
            connection = actions.create_connection(db, actor, CONNECTORS["scim"], values)
            if decides:
                actions.choose_lifecycle_source(db, actor, connection)
            return connection.id

    def request(self, connection_id: UUID) -> UUID:
        """Ask for a sync; nothing runs yet."""
        with self.database.transaction() as db:
            connection = db.find(Connection, connection_id, lock=True)
            assert connection is not None
            return runs.request_sync(db, ADMIN, connection).id

    def sync(self, connection_id: UUID, peer: Any) -> "Result":
        """Ask for a sync and carry it out."""
        sync_id = self.request(connection_id)
        run_sync(self.runtime(peer.url), sync_id=str(sync_id))
        return self.result(sync_id)

    def result(self, sync_id: UUID) -> "Result":
        """How a sync stands."""
        with self.database.transaction(read_only=True) as db:
            sync = db.find(Sync, sync_id)
            assert sync is not None
            return Result(sync, open_sync(db, sync))

    def counts(self, *tables: str) -> dict[str, int]:
        """How many rows tables have."""
        with self.database.transaction(read_only=True) as db:
            return {name: db.value(sa.text(f"SELECT count(*) FROM {name}")) for name in tables}

    def present(self) -> dict[str, int]:
        """What is there now: active people, leavers, accounts, entitlements and grants."""
        with self.database.transaction(read_only=True) as db:
            row = db.row(
                sa.text("""
                    SELECT (SELECT count(*) FROM people WHERE status = 'active') AS active,
                           (SELECT count(*) FROM people WHERE status = 'left') AS left,
                           (SELECT count(*) FROM accounts WHERE seen_until IS NULL) AS accounts,
                           (SELECT count(*) FROM entitlements WHERE seen_until IS NULL) AS entitlements,
                           (SELECT count(*) FROM grants WHERE seen_until IS NULL) AS grants
                """)
            )
            assert row is not None
            return dict(row._mapping)


@dataclass
class Result:
    """A sync and what it has to say."""

    sync: Sync
    facts: SyncFacts

    @property
    def state(self) -> str:
        return self.sync.state

    def count(self, kind: str, name: str) -> int:
        """One figure of what it did."""
        return int(getattr(self.facts.counts.get(kind, Counts()), name))

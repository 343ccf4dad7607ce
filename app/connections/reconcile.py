"""Merge what a run has staged into people, accounts, entitlements and grants, as one transaction.

What happens is a function of the finished reading and of what is stored, not of the order of pages; so a run that is
merged twice changes nothing the second time, and a preview is this very function, rolled back. An unsound reading still
adds and changes, because what a source says of somebody is good; it takes nothing away.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa

from app.access import snapshot as access
from app.access.models import Account, Entitlement, Grant
from app.apps import register
from app.connections.counting import count_anew
from app.connections.models import Counts, Removal, StagedRecord
from app.connections.news import record_privileged, record_vanished
from app.connections.staging import STAGED
from app.core.actor import Actor
from app.core.database import Db
from app.core.locks import Lock
from app.people import lifecycle
from app.people import snapshot as people
from app.people.models import PersonRecord
from app.people.users import link_users
from connectors.sdk.records import AppEntry

BATCH: Final = 10_000
MOST_NAMED: Final = 1_000
_ONE_AT_A_TIME: Final = Lock.RECONCILE
_S = STAGED.c
Kind = Literal["person", "account", "entitlement", "grant", "app"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is merged, and how: into which app (None: no accounts), as of when, and whether things may vanish."""

    sync_id: UUID
    connection_id: UUID
    app_id: UUID | None
    feeds_people: bool
    at: datetime
    may_end: bool
    is_first: bool
    lifecycle_source_id: UUID | None


@dataclass(slots=True)
class Outcome:
    """What a merge did."""

    counts: dict[str, Counts] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    created_people: int = 0
    ended_accounts: tuple[UUID, ...] = ()
    ended_people: frozenset[UUID] = frozenset()
    left: tuple[UUID, ...] = ()

    def count(self, kind: Kind, read: int, added: int, changed: int, vanished: int) -> None:
        """Note what happened to one kind of record; what is neither new nor changed is unchanged."""
        self.counts[kind] = Counts(read, added, changed, max(read - added - changed, 0), vanished)

    @property
    def has_changed(self) -> bool:
        """Whether anything was written at all."""
        return any(counts.added or counts.changed or counts.vanished for counts in self.counts.values())

    @property
    def removals(self) -> Iterator[Removal]:
        """What was taken away, of what the connection last saw."""
        for kind in ("person", "account", "entitlement", "grant"):
            ids = {"person": self.ended_people, "account": self.ended_accounts}.get(kind, ())
            vanished = self.counts.get(kind, Counts()).vanished
            yield _removal(kind, vanished, self.seen.get(kind, 0), ids)
        yield _removal("leaver", len(self.left), self.seen.get("person", 0), self.left)


def reconcile(db: Db, actor: Actor, plan: Plan) -> Outcome:
    """Merge a run's staged records and record the events of people and accounts; the caller holds the fence.

    One merge at a time: two sources that meet somebody new at once would otherwise make two people of them.
    """
    db.rows(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    db.run(sa.text("SET LOCAL enable_nestloop = off"))  # nobody has counted rows that were written just now
    outcome = Outcome(seen=_seen(db, plan))
    counts = sa.select(_S.kind, sa.func.count().label("read")).where(_S.sync_id == plan.sync_id).group_by(_S.kind)
    read: dict[str, int] = {row.kind: row.read for row in db.rows(counts)}
    if plan.feeds_people:
        _merge_people(db, plan, outcome, read.get("person", 0))
    if plan.app_id is not None:
        _merge_access(db, plan, plan.app_id, outcome, read)
    if read.get("app"):
        _merge_register(db, plan, outcome, read["app"])
    _follow(db, actor, plan, outcome)
    count_anew(db, sum(counts.added + counts.changed for counts in outcome.counts.values()))
    return outcome


def staged(plan: Plan, kind: Kind, *names: tuple[str, Any]) -> sa.Subquery:
    """What was read of one kind: id, source_index, content_mac, sealed, and further columns by other names."""
    columns = (_S.row_id.label("id"), _S.source_index, _S.content_mac, _S.sealed)
    further = (column.label(name) for name, column in names)
    here = (_S.sync_id == plan.sync_id, _S.kind == kind)
    return sa.select(*columns, *further).where(*here).subquery(f"staged_{kind}")


def _seen(db: Db, plan: Plan) -> dict[str, int]:
    """What the connection saw last time, per kind."""
    counts = {
        kind: sa.select(sa.func.count()).where(table.connection_id == plan.connection_id, table.seen_until.is_(None))
        for kind, table in (("person", PersonRecord), ("account", Account), ("entitlement", Entitlement))
    }
    held = sa.select(sa.func.count()).join_from(Grant, Account, Account.id == Grant.account_id)
    counts["grant"] = held.where(Account.connection_id == plan.connection_id, Grant.seen_until.is_(None))
    row = db.row(sa.select(*(count.scalar_subquery().label(kind) for kind, count in counts.items())))
    assert row is not None
    return dict(row._mapping)  # noqa: SLF001 - the documented way to columns by name


def _merge_people(db: Db, plan: Plan, outcome: Outcome, read: int) -> None:
    reading = people.Reading(plan.connection_id, plan.at, plan.lifecycle_source_id, plan.is_first)
    names = ("type", "status", "start_date", "leaving_date", "manager_index", "email_index")
    records = staged(plan, "person", *((name, _S[name]) for name in names))
    presence = people.follow_presence(db, reading, records, may_end=plan.may_end)
    added = changed = 0
    for batch in _batches(db, people.with_people(records)):
        applied = people.apply_records(db, reading, batch)
        added, changed = added + applied.added, changed + applied.changed
        outcome.created_people += len(applied.created)
    if added or changed or presence.returned or presence.ended:
        people.follow_managers(db, reading)
    outcome.ended_people = presence.people
    outcome.count("person", read, added, max(changed, presence.returned), presence.ended)


def _batches(db: Db, records: sa.Subquery) -> Iterator[Sequence[sa.Row[Any]]]:
    """The records that are new or changed, some thousands at a time."""
    last = b""
    while True:
        wanted = sa.select(records).where(records.c.sealed.is_not(None), records.c.source_index > last)
        batch = db.rows(wanted.order_by(records.c.source_index).limit(BATCH))
        if batch:
            yield batch
        if len(batch) < BATCH:
            return
        last = batch[-1].source_index


def _merge_access(db: Db, plan: Plan, app_id: UUID, outcome: Outcome, read: dict[str, int]) -> None:
    source = access.Source(plan.connection_id, app_id, plan.at, plan.may_end)
    names = ("status", "username_index", "email_index", "created_in_app_at", "last_login_at")
    accounts = staged(plan, "account", ("kind", _S.type), *((name, _S[name]) for name in names))
    entitlements = staged(plan, "entitlement", ("kind", _S.type), ("is_privileged", _S.is_privileged))
    grants = staged(plan, "grant", ("account_index", _S.account_index), ("entitlement_index", _S.entitlement_index))
    unread = sa.select(_S.source_index).where(_S.sync_id == plan.sync_id, _S.kind.in_(("account", "entitlement")))
    held = access.apply_entitlements(db, source, entitlements)
    holders = access.apply_accounts(db, source, accounts)
    holding = access.apply_grants(db, source, grants, unread.where(_S.row_id.is_(None)).subquery("unread"))
    outcome.ended_accounts = holders.ended
    outcome.count("entitlement", read.get("entitlement", 0), held.added, held.changed, len(held.ended))
    outcome.count("account", read.get("account", 0), holders.added, holders.changed, len(holders.ended))
    outcome.count("grant", read.get("grant", 0), holding.added, 0, holding.ended)


def _merge_register(db: Db, plan: Plan, outcome: Outcome, read: int) -> None:
    added = changed = 0
    for batch in _batches(db, staged(plan, "app")):
        entries = [open_entry(db, row) for row in batch]
        applied = register.apply_entries(db, entries, plan.at)
        added, changed = added + applied.added, changed + applied.changed
    outcome.count("app", read, added, changed, 0)


def open_entry(db: Db, row: Any) -> register.Entry:
    """A staged entry of the register of apps."""
    entry = db.open(AppEntry, StagedRecord, row.id, row.sealed)
    return register.Entry(
        name=entry.name, instance_name=entry.instance_name, vendor=entry.vendor, status=entry.status,
        owner_email=entry.owner_email, cost_centre=entry.cost_centre, category=entry.category, url=entry.url,
        notes=entry.notes,
    )  # fmt: skip


def _follow(db: Db, actor: Actor, plan: Plan, outcome: Outcome) -> None:
    """What follows from the merged whole: who is active, whose the accounts are, and the events of both."""
    if plan.feeds_people and outcome.has_changed:
        first_of = plan.connection_id if plan.is_first else None
        left = lifecycle.recompute(db, actor, None, first_of=first_of).left
        outcome.left = tuple(lifecycle.people_of(db, plan.connection_id).intersection(left)) if left else ()
        link_users(db)
    access.match_people(db, None if plan.feeds_people else plan.connection_id)
    if not plan.is_first:
        record_vanished(db, actor, outcome.ended_accounts)
        record_privileged(db, actor, plan.connection_id, plan.at)


def _removal(kind: Any, total: int, seen: int, ids: Collection[UUID]) -> Removal:
    return Removal(kind, total, seen, tuple(str(one) for one in sorted(ids)[:MOST_NAMED]))

"""Decide what a finished reading may do, merge it, and stop before it takes away too much.

A run that would remove more than the connection's limits allow is rolled back whole and waits for a person; an approved
run may remove as much as that person saw, and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.apps.queries import surviving_id
from app.connections import endings, fencing
from app.connections.fencing import Claim
from app.connections.models import Connection, Removal, Sync, open_connection, open_sync
from app.connections.reconcile import Outcome, Plan, reconcile
from app.connections.staging import STAGED
from app.core import clock
from app.core.actor import Actor
from app.core.database import Database, Db
from app.organisation.queries import get_organisation

_S = STAGED.c


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a finished reading: why it is unsound (no reasons: it is sound), and whether it was whole."""

    reasons: tuple[str, ...] = ()
    is_whole: bool = True


class TooMuch(Exception):
    """The merge would take away more than may be without asking."""

    def __init__(self, outcome: Outcome, removals: tuple[Removal, ...]) -> None:
        super().__init__()
        self.outcome = outcome
        self.removals = removals


def merge(database: Database, actor: Actor, claim: Claim, reading: Reading) -> None:
    """Merge what is staged and end the run, or ask. Raises ``LeaseLost``."""
    try:
        with database.transaction() as db:
            fencing.hold(db, claim)
            outcome = apply(db, actor, claim.sync_id, reading)
            endings.finish(db, actor, claim.sync_id, outcome.counts, reading.reasons)
    except TooMuch as too_much:
        with database.transaction() as db:
            fencing.hold(db, claim)
            endings.ask(db, claim.sync_id, too_much.outcome.counts, too_much.removals)


def apply(db: Db, actor: Actor, sync_id: UUID, reading: Reading) -> Outcome:
    """Merge a run's staged records in this transaction. Raises ``TooMuch``, and then it must be rolled back.

    Raises ``DoesNotOpen`` where the connection's limits were changed by hand.
    """
    sync = db.find(Sync, sync_id)
    assert sync is not None
    connection = db.find(Connection, sync.connection_id)
    assert connection is not None
    open_connection(db, connection)  # its limits are those that were set
    outcome = reconcile(db, actor, plan_of(db, connection, sync, reading))
    removals = tuple(removal for removal in outcome.removals if _is_too_much(connection, removal))
    approved = {removal.kind: removal.total for removal in open_sync(db, sync).removals} if sync.is_approved else {}
    if any(removal.total > approved.get(removal.kind, 0) for removal in removals):
        raise TooMuch(outcome, removals)
    return outcome


def plan_of(db: Db, connection: Connection, sync: Sync, reading: Reading) -> Plan:
    """What merging this run means now."""
    earlier = (
        sa.select(sa.literal(1))
        .where(Sync.connection_id == connection.id, Sync.state == "done", Sync.trigger != "test")
        .limit(1)
    )
    return Plan(
        sync_id=sync.id,
        connection_id=connection.id,
        app_id=surviving_id(db, connection.app_id) if connection.app_id else None,
        feeds_people=connection.feeds_people,
        at=clock.now(),
        may_end=reading.is_whole and not reading.reasons,
        is_first=db.value(earlier) is None,
        lifecycle_source_id=get_organisation(db).lifecycle_source_id,
    )


def count_dangling_grants(db: Db, sync_id: UUID) -> int:
    """How many staged grants lead to an account or entitlement that was not read, not even as a problem."""

    def is_staged(kind: str, index: sa.ColumnElement[bytes]) -> sa.ColumnElement[bool]:
        other = STAGED.alias(kind)
        return sa.exists().where(other.c.sync_id == sync_id, other.c.kind == kind, other.c.source_index == index)

    both = is_staged("account", _S.account_index) & is_staged("entitlement", _S.entitlement_index)
    counted = sa.select(sa.func.count()).select_from(STAGED)
    return int(db.value(counted.where(_S.sync_id == sync_id, _S.kind == "grant", ~both)))


def _is_too_much(connection: Connection, removal: Removal) -> bool:
    over_share = removal.total * 100 > connection.removal_percent * removal.seen
    return removal.seen > 0 and over_share and removal.total >= connection.removal_count


def unsound(reasons: Sequence[str]) -> Reading:
    """A reading that may add and change, and from which nothing may vanish."""
    return Reading(tuple(reasons), is_whole=False)

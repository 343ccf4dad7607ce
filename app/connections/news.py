"""What a run tells the trail about single people, accounts and grants, besides its own event with the counts."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.access import snapshot as access
from app.access.models import Account, Entitlement, EntitlementFacts
from app.access.records import opened, select_accounts
from app.core import audit
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db

_BATCH = 1_000


def record_vanished(db: Db, actor: Actor, account_ids: Collection[UUID]) -> None:
    """One event for each account that is gone."""
    for subject in _subjects(db, account_ids).values():
        audit.record(db, actor, Event.ACCOUNT_VANISHED, subject)


def record_privileged(db: Db, actor: Actor, connection_id: UUID, at: datetime) -> None:
    """One event for each grant of something privileged that began at ``at``."""
    grants = access.new_privileged_grants(db, connection_id, at)
    subjects = _subjects(db, {grant.account_id for grant in grants})
    names = {row.id: row for row in _entitlements(db, {grant.entitlement_id for grant in grants})}
    for grant in grants:
        held = names[grant.entitlement_id]
        name = db.open(EntitlementFacts, Entitlement, held.id, held.sealed).name
        detail = {"entitlement": name, "entitlement_id": str(held.id), "kind": held.kind}
        audit.record(db, actor, Event.PRIVILEGED_GRANTED, subjects[grant.account_id], detail=detail)


def _subjects(db: Db, account_ids: Collection[UUID]) -> dict[UUID, Subject]:
    ids = list(account_ids)
    return {
        account.id: account.subject
        for start in range(0, len(ids), _BATCH)
        for account in (
            opened(db, row) for row in db.rows(select_accounts().where(Account.id.in_(ids[start : start + _BATCH])))
        )
    }


def _entitlements(db: Db, ids: Collection[UUID]) -> list[sa.Row[tuple[UUID, str, bytes]]]:
    if not ids:
        return []
    return list(db.rows(sa.select(Entitlement.id, Entitlement.kind, Entitlement.sealed).where(Entitlement.id.in_(ids))))

"""What accounts hold: entitlements over intervals, and what a person can reach through them.

A sync sees that an account holds something, not when it was given: moments are "first seen", never "granted".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.access.models import Account, Entitlement, EntitlementFacts, Grant
from app.access.records import AccountOut, opened, select_accounts
from app.access.visibility import visible
from app.apps.models import App
from app.core.actor import Actor
from app.core.database import Db


class GrantOut(msgspec.Struct, frozen=True):
    """An entitlement held over one interval; ``seen_until`` is null while it is."""

    entitlement_id: UUID
    name: str
    kind: str
    is_privileged: bool
    seen_from: datetime
    seen_until: datetime | None


@dataclass(frozen=True, slots=True)
class ReachedAccount:
    """An account and what it holds at present."""

    account: AccountOut
    grants: Sequence[GrantOut]


@dataclass(frozen=True, slots=True)
class ReachedApp:
    """An app that a person can reach, through one account or more."""

    app_id: UUID
    app: str
    accounts: Sequence[ReachedAccount]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a person can reach now, what they answer for, and the accounts they no longer have."""

    apps: Sequence[ReachedApp]
    responsible: Sequence[AccountOut]
    gone: Sequence[AccountOut]


def reach(db: Db, actor: Actor, person_id: UUID) -> Reach:
    """What can this person reach, since when, and who says so: as far as the actor may see.

    Each account names its connection; ``app.web.sources`` knows that one's name and age.
    """
    theirs = (Account.person_id == person_id) | (Account.owner_id == person_id)
    order = (sa.func.lower(App.name), sa.func.lower(App.instance_name), App.id, Account.seen_from, Account.id)
    rows = db.rows(select_accounts().where(theirs, visible(actor)).order_by(*order))
    accounts = [opened(db, row) for row in rows]
    own = [account for account in accounts if account.person_id == person_id]
    present = [account for account in own if account.seen_until is None]
    held = list_grants(db, [account.id for account in present], present_only=True)
    return Reach(
        apps=_by_app(present, held),
        responsible=[each for each in accounts if each.owner_id == person_id and each.seen_until is None],
        gone=[account for account in own if account.seen_until is not None],
    )


def list_grants(db: Db, account_ids: Iterable[UUID], *, present_only: bool = False) -> dict[UUID, list[GrantOut]]:
    """What each account holds and has held: present ones first, privileged ones first, by name."""
    statement = (
        sa.select(
            Grant.account_id, Grant.seen_from, Grant.seen_until,
            Entitlement.id, Entitlement.kind, Entitlement.is_privileged, Entitlement.sealed,
        )
        .join(Entitlement, Entitlement.id == Grant.entitlement_id)
        .where(Grant.account_id.in_(list(account_ids)))
    )  # fmt: skip
    if present_only:
        statement = statement.where(Grant.seen_until.is_(None))
    found: dict[UUID, list[GrantOut]] = defaultdict(list)
    for row in db.rows(statement):
        found[row.account_id].append(_opened(db, row))
    for grants in found.values():
        grants.sort(key=lambda each: (each.seen_until is not None, not each.is_privileged, each.name.casefold()))
    return found


def _opened(db: Db, row: sa.Row[Any]) -> GrantOut:
    facts = db.open(EntitlementFacts, Entitlement, row.id, row.sealed)
    name = facts.name or facts.source_id
    return GrantOut(row.id, name, row.kind, row.is_privileged, row.seen_from, row.seen_until)


def _by_app(accounts: Sequence[AccountOut], held: dict[UUID, list[GrantOut]]) -> list[ReachedApp]:
    return [
        ReachedApp(app_id, app, [ReachedAccount(each, held.get(each.id, ())) for each in among])
        for (app_id, app), among in groupby(accounts, key=lambda account: (account.app_id, account.app))
    ]

"""Accounts follow their person or app when two turn out to be one, and go back when they do not.

The merge is the event; nothing is recorded here. Only what still lies where the merge put it goes back.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account, Entitlement
from app.core.database import Db


def move_accounts(db: Db, accounts: Sequence[UUID] | None, *, source: UUID, target: UUID) -> list[UUID]:
    """Let ``target`` hold the accounts of ``source`` or, of those, only ``accounts``; the ids of what moved."""
    theirs = _of(Account.id, Account.person_id == source, accounts)
    return list(db.session.scalars(sa.update(Account).where(theirs).values(person_id=target).returning(Account.id)))


def move_responsibility(db: Db, accounts: Sequence[UUID] | None, *, source: UUID, target: UUID) -> list[UUID]:
    """Let ``target`` answer for the service and shared accounts of ``source``, or only for ``accounts`` of them."""
    theirs = _of(Account.id, Account.owner_id == source, accounts)
    return list(db.session.scalars(sa.update(Account).where(theirs).values(owner_id=target).returning(Account.id)))


def move_to_app(
    db: Db, table: type[Account] | type[Entitlement], ids: Collection[UUID] | None, *, source: UUID, target: UUID
) -> list[UUID]:
    """Put the accounts (or entitlements) of the app ``source`` into ``target``, or only ``ids`` of them."""
    theirs = _of(table.id, table.app_id == source, ids)
    return list(db.session.scalars(sa.update(table).where(theirs).values(app_id=target).returning(table.id)))


def _of(key: "sa.orm.InstrumentedAttribute[UUID]", condition: sa.ColumnElement[bool], ids: Collection[UUID] | None) -> (
    sa.ColumnElement[bool]
):  # fmt: skip
    among = sa.any_(sa.cast(list(ids or ()), sa.ARRAY(sa.Uuid)))
    return condition if ids is None else condition & (key == among)

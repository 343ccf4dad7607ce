"""What a run that waits for approval would take away, by name."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account
from app.access.records import opened, select_accounts
from app.connections.models import Removal
from app.core.database import Db
from app.people.models import Person, PersonFacts

MOST_NAMES = 500


def names_of(db: Db, removal: Removal) -> list[tuple[str, str]]:
    """The first of them, as (name, address of its page), by name; entitlements and grants are only counted."""
    ids = [UUID(one) for one in removal.ids[:MOST_NAMES]]
    if not ids:
        return []
    return sorted(_accounts(db, ids) if removal.kind == "account" else _people(db, ids), key=_folded)


def _accounts(db: Db, ids: Sequence[UUID]) -> list[tuple[str, str]]:
    rows = db.rows(select_accounts().where(Account.id.in_(ids)))
    return [(account.label, f"/access/accounts/{account.id}") for account in (opened(db, row) for row in rows)]


def _people(db: Db, ids: Sequence[UUID]) -> list[tuple[str, str]]:
    rows = db.rows(sa.select(Person.id, Person.sealed).where(Person.id.in_(ids)))
    return [(db.open(PersonFacts, Person, row.id, row.sealed).display_name, f"/people/{row.id}") for row in rows]


def _folded(pair: tuple[str, str]) -> str:
    return pair[0].casefold()

"""Rows for tests: people, apps, accounts and grants as a sync would have left them, written straight to their tables.

Every function returns the id of what it made and takes only what the test is about; the rest is plausible and distinct.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.access.models import (
    NEVER,
    Account,
    AccountFacts,
    AccountState,
    Entitlement,
    EntitlementFacts,
    Grant,
)
from app.apps.models import App, AppFacts
from app.core import clock
from app.core.database import Db
from app.core.identifiers import new_id
from app.people.models import Person, PersonEmail, PersonFacts

CONNECTION = UUID("00000000-0000-7000-8000-00000000c0de")
_numbers = count(1)


def make_person(
    db: Db,
    name: str = "Ada Lovelace",
    email: str | None = None,
    *,
    status: str = "active",
    aliases: Sequence[str] = (),
    facts: dict[str, Any] | None = None,
    **row: Any,
) -> UUID:
    """A person with their addresses; ``email`` is made up unless given, "" gives none."""
    person_id = new_id()
    address = f"person{next(_numbers)}@example.com" if email is None else email
    given, _, family = name.partition(" ")
    sealed = PersonFacts(
        display_name=name,
        given_name=given,
        family_name=family,
        email=address,
        aliases=tuple(aliases),
        **(facts or {}),
    )
    now = clock.now()
    values = {"type": "employee", "status": status, "created_at": now, "changed_at": now, **row}
    db.run(sa.insert(Person).values(id=person_id, sealed=db.seal(Person, person_id, sealed), **values))
    for each in filter(None, (address, *aliases)):
        index = db.keys.address_index(each)
        db.run(sa.insert(PersonEmail).values(email_index=index, person_id=person_id, is_primary=each == address))
    return person_id


def make_app(db: Db, name: str = "", *, facts: AppFacts | None = None, **row: Any) -> UUID:
    """An app; ``row`` holds its columns."""
    app_id = new_id()
    now = clock.now()
    values = {"name": name or f"App {next(_numbers)}", "created_at": now, "changed_at": now, **row}
    db.run(sa.insert(App).values(id=app_id, sealed=db.seal(App, app_id, facts or AppFacts()), **values))
    return app_id


def make_account(
    db: Db,
    app_id: UUID,
    *,
    person_id: UUID | None = None,
    username: str = "",
    email: str = "",
    display_name: str = "",
    connection_id: UUID = CONNECTION,
    **row: Any,
) -> UUID:
    """An account in an app, seen by a sync just now; with a ``person_id`` it is linked by ``email``, or by hand without one."""
    account_id = new_id()
    source_id = f"source-{next(_numbers)}"
    facts = AccountFacts(
        source_id=source_id, username=username or source_id, email=email, display_name=display_name or source_id
    )
    values: dict[str, Any] = {
        "status": "active", "kind": "user", "last_login_at": NEVER, "seen_from": clock.now(), "seen_until": None,
        "linked_by": ("email" if email else "hand") if person_id else "", "content_mac": b"\0" * 32, **row,
    }  # fmt: skip
    db.run(
        sa.insert(Account).values(
            id=account_id,
            app_id=app_id,
            connection_id=connection_id,
            person_id=person_id,
            source_index=db.index(Account, "source", f"{connection_id}:{source_id}"),
            username_index=db.index(Account, "username", facts.username),
            email_index=db.keys.address_index(email) if email else None,
            sealed=db.seal(Account, account_id, facts),
            **values,
        )
    )
    state = {name: values[name] for name in ("status", "seen_from", "seen_until")}
    db.run(sa.insert(AccountState).values(account_id=account_id, **state))
    return account_id


def make_entitlement(
    db: Db, app_id: UUID, name: str = "", *, kind: str = "group", connection_id: UUID = CONNECTION, **row: Any
) -> UUID:
    """Something that accounts of an app can hold."""
    entitlement_id = new_id()
    facts = EntitlementFacts(source_id=f"entitlement-{next(_numbers)}", name=name)
    values = {"seen_from": clock.now(), "content_mac": b"\0" * 32, **row}
    db.run(
        sa.insert(Entitlement).values(
            id=entitlement_id,
            app_id=app_id,
            connection_id=connection_id,
            kind=kind,
            source_index=db.index(Entitlement, "source", f"{connection_id}:{facts.source_id}"),
            sealed=db.seal(Entitlement, entitlement_id, facts),
            **values,
        )
    )
    return entitlement_id


def grant(
    db: Db,
    account_id: UUID,
    entitlement_id: UUID,
    *,
    seen_from: datetime | None = None,
    seen_until: datetime | None = None,
) -> None:
    """An account holding an entitlement; present unless ``seen_until`` is given."""
    db.run(
        sa.insert(Grant).values(
            account_id=account_id,
            entitlement_id=entitlement_id,
            seen_from=seen_from or clock.now(),
            seen_until=seen_until,
        )
    )

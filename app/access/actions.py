"""Everything that can be done to an account by hand. Each act records one event.

What a hand decided stays: no sync and no matching on e-mail addresses overrides it.
"""

from typing import TypedDict
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account, AccountState
from app.access.records import opened, select_accounts
from app.access.snapshot import match_people
from app.apps.queries import owner_of
from app.apps.records import Owner
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, Invalid

BY_HAND = "hand"


class AccountChanges(TypedDict, total=False):
    """What a hand may say of an account; what is absent stays as it is, None clears."""

    person: Owner | None
    kind: str
    owner: Owner | None


def change_account(db: Db, actor: Actor, account: Account, facts: AccountChanges) -> None:
    """Say what ``facts`` names: first what kind of account it is and who answers for it, then whose it is.

    Refuses like ``mark_account`` and ``link_account``.
    """
    if "kind" in facts or "owner" in facts:
        kind = facts.get("kind", account.kind)
        owner = None if kind == "user" and "owner" not in facts else owner_of(db, account.owner_id)
        mark_account(db, actor, account, kind=kind, owner=facts.get("owner", owner))
    person = facts.get("person")
    if person is not None:
        link_account(db, actor, account, person=person)
    elif "person" in facts:
        unlink_account(db, actor, account)


def link_account(db: Db, actor: Actor, account: Account, *, person: Owner) -> None:
    """Say whose account this is. Refuses (``Conflict``) a service or shared account: those have an owner instead."""
    if account.kind != "user":
        raise Conflict(f"This is a {account.kind} account. Mark it as a person's account first.")
    if account.person_id == person.id and account.linked_by == BY_HAND:
        return
    before = _name(db, account.person_id)
    account.person_id, account.linked_by = person.id, BY_HAND
    db.session.flush()
    changes = audit.changed({"person": before}, {"person": person.name})
    audit.record(db, actor, Event.ACCOUNT_LINKED, subject_of(db, account), changes=changes)


def unlink_account(db: Db, actor: Actor, account: Account) -> None:
    """Say that this account is not that person's; it stays nobody's until somebody links it."""
    if account.person_id is None:
        return
    before = _name(db, account.person_id)
    account.person_id, account.linked_by = None, BY_HAND
    db.session.flush()
    changes = audit.changed({"person": before}, {"person": None})
    audit.record(db, actor, Event.ACCOUNT_UNLINKED, subject_of(db, account), changes=changes)


def mark_account(db: Db, actor: Actor, account: Account, *, kind: str, owner: Owner | None) -> None:
    """Say what kind of account this is: a person's ("user"), a service's, or shared by several people.

    Refuses (``Invalid``) a service or shared account without an owner, and a person's account with one. A service or
    shared account belongs to nobody; a person's account that was one is matched again by its e-mail address.
    """
    if kind != "user" and owner is None:
        raise Invalid.field("owner_id", f"A {kind} account needs an owner: somebody who answers for it.")
    if kind == "user" and owner is not None:
        raise Invalid.field("owner_id", "A person's account has no owner. Link it to the person instead.")
    before = _marks(db, account)
    if kind != "user":
        account.person_id, account.linked_by = None, BY_HAND
    elif account.kind != "user":
        account.linked_by = ""
    account.kind, account.kind_by_hand, account.owner_id = kind, True, owner.id if owner else None
    db.session.flush()
    if match_people(db, account_id=account.id):
        db.session.refresh(account)
    changes = audit.changed(before, _marks(db, account))
    if changes:
        audit.record(db, actor, Event.ACCOUNT_MARKED, subject_of(db, account), changes=changes)


def set_account_status(db: Db, actor: Actor, account: Account, *, status: str) -> None:
    """Correct the status of an account whose source is not asked again by itself; the next import may change it again.

    Refuses (``Conflict``) an account that is gone.
    """
    if account.seen_until is not None:
        raise Conflict("This account is gone; its status is history.")
    if account.status == status:
        return
    before, now = account.status, clock.now()
    account.status = status
    db.session.flush()
    this = AccountState.account_id == account.id
    db.run(sa.update(AccountState).where(this, AccountState.seen_until.is_(None)).values(seen_until=now))
    db.add(AccountState(account_id=account.id, seen_from=now, status=status))
    changes = audit.changed({"status": before}, {"status": status})
    audit.record(db, actor, Event.ACCOUNT_CHANGED, subject_of(db, account), changes=changes)


def subject_of(db: Db, account: Account) -> Subject:
    """An account as the subject of an event: its user name and app."""
    row = db.row(select_accounts().where(Account.id == account.id))
    assert row is not None
    return opened(db, row).subject


def _marks(db: Db, account: Account) -> dict[str, str | None]:
    owner, person = _name(db, account.owner_id), _name(db, account.person_id)
    return {"kind": account.kind, "owner": owner, "person": person}


def _name(db: Db, person_id: UUID | None) -> str | None:
    person = owner_of(db, person_id)
    return person.name if person else None

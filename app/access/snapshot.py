"""Merge what a connection has read into accounts, entitlements and grants: set-wise, in SQL, opening nothing.

What is read comes as a selectable, already sealed for the rows it belongs to. States and grants follow from the merged
accounts and entitlements, not from the order in which things were read; an interval ends only where ``may_end`` says
that the reading was whole.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.access.models import NEVER, Account, AccountState, Entitlement, Grant
from app.core.database import Db
from app.people.models import PersonEmail

_STATES: Any = AccountState.__table__
_GRANTS: Any = Grant.__table__

_COPIED = ("source_index", "content_mac", "sealed")
_OF_ACCOUNT = ("status", "username_index", "email_index", "created_in_app_at")


@dataclass(frozen=True, slots=True)
class Source:
    """Whose reading is merged, into which app, as of when; ``may_end`` lets what was not read end."""

    connection_id: UUID
    app_id: UUID
    at: datetime
    may_end: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """What a merge did to one kind of row; ``changed`` counts those that came back, too."""

    added: int
    changed: int
    ended: tuple[UUID, ...] = ()


def apply_accounts(db: Db, source: Source, staged: sa.Subquery) -> Applied:
    """Merge accounts, and their states as intervals.

    ``staged`` has one row per account that was read: id, source_index, content_mac, sealed, status, kind, username_index,
    email_index, last_login_at, created_in_app_at. Where ``sealed`` is null the account is as it is stored, or could not be
    read; then only source_index counts.
    """
    _follow_app(db, Account, source)
    values: dict[str, Any] = {name: staged.c[name] for name in (*_COPIED, *_OF_ACCOUNT)}
    values["last_login_at"] = sa.func.coalesce(staged.c.last_login_at, NEVER)
    by_hand = {"kind": sa.case((Account.kind_by_hand, Account.kind), else_=staged.c.kind)}
    changed = _change(db, Account, source, staged, values | by_hand)
    bears = (PersonEmail.email_index == staged.c.email_index) & (staged.c.kind == "user")
    linked = {
        "person_id": PersonEmail.person_id,
        "linked_by": sa.case((PersonEmail.person_id.is_not(None), "email"), else_=""),
    }
    bearer = staged.outerjoin(PersonEmail, bears)
    added = _add(db, Account, source, staged, values | linked | {"kind": staged.c.kind}, among=bearer)
    ended = _end(db, Account, source, staged)
    _follow_states(db, source)
    return Applied(added, changed, ended)


def apply_entitlements(db: Db, source: Source, staged: sa.Subquery) -> Applied:
    """Merge entitlements; ``staged`` as for accounts: id, source_index, content_mac, sealed, kind, is_privileged."""
    _follow_app(db, Entitlement, source)
    values = {name: staged.c[name] for name in (*_COPIED, "kind", "is_privileged")}
    changed = _change(db, Entitlement, source, staged, values)
    added = _add(db, Entitlement, source, staged, values)
    return Applied(added, changed, _end(db, Entitlement, source, staged))


@dataclass(frozen=True, slots=True)
class Grants:
    """What a merge did to grants; ``ended`` counts those whose account or entitlement went, too."""

    added: int
    ended: int


def apply_grants(db: Db, source: Source, staged: sa.Subquery, unread: sa.Subquery) -> Grants:
    """Merge grants, after accounts and entitlements.

    ``staged`` has account_index and entitlement_index, the source indexes of both ends; ``unread`` the source_index of
    accounts and entitlements that are there and could not be read: grants that hang on one do not end.
    """
    account, entitlement = sa.orm.aliased(Account), sa.orm.aliased(Entitlement)
    held = (
        sa.select(account.id.label("account_id"), entitlement.id.label("entitlement_id"))
        .join_from(staged, account, _is(account, source.connection_id, staged.c.account_index))
        .join(entitlement, _is(entitlement, source.connection_id, staged.c.entitlement_index))
        .where(account.seen_until.is_(None), entitlement.seen_until.is_(None))
        .distinct()
        .subquery("held")
    )
    there = sa.exists().where(
        Grant.account_id == held.c.account_id,
        Grant.entitlement_id == held.c.entitlement_id,
        Grant.seen_until.is_(None),
    )
    new = sa.select(held.c.account_id, held.c.entitlement_id, sa.literal(source.at, sa.DateTime(True))).where(~there)
    names = ["account_id", "entitlement_id", "seen_from"]
    added = db.run(sa.insert(_GRANTS).from_select(names, new))
    if not source.may_end:
        return Grants(added, 0)
    is_held = sa.exists().where(held.c.account_id == Grant.account_id, held.c.entitlement_id == Grant.entitlement_id)
    is_unread = sa.exists().where(unread.c.source_index.in_([Account.source_index, Entitlement.source_index]))
    gone = (
        sa.update(Grant)
        .values(seen_until=source.at)
        .where(
            Grant.account_id == Account.id,
            Grant.entitlement_id == Entitlement.id,
            Account.connection_id == source.connection_id,
            Grant.seen_until.is_(None),
            ~is_held,
            ~is_unread,
        )
    )
    return Grants(added, db.run(gone))


def new_privileged_grants(db: Db, connection_id: UUID, at: datetime) -> list[sa.Row[Any]]:
    """The grants of privileged entitlements that a merge at ``at`` added: account_id, entitlement_id."""
    return list(
        db.rows(
            sa.select(Grant.account_id, Grant.entitlement_id)
            .join(Entitlement, Entitlement.id == Grant.entitlement_id)
            .where(
                Entitlement.connection_id == connection_id,
                Entitlement.is_privileged,
                Grant.seen_from == at,
                Grant.seen_until.is_(None),
            )
        )
    )


def match_people(db: Db, connection_id: UUID | None = None, *, account_id: UUID | None = None) -> int:
    """Link accounts to the people whose address or alias they bear, and unlink those that nobody bears any more.

    A link made by hand stays, and so do service and shared accounts. Of one connection or account, or of all; how many
    changed.
    """
    of_these = sa.true() if connection_id is None else Account.connection_id == connection_id
    if account_id is not None:
        of_these = Account.id == account_id
    linked = db.run(
        sa.update(Account)
        .values(person_id=PersonEmail.person_id, linked_by="email")
        .where(
            of_these,
            Account.email_index == PersonEmail.email_index,
            Account.linked_by != "hand",
            Account.kind == "user",
            Account.person_id.is_distinct_from(PersonEmail.person_id),
        )
    )
    borne = sa.exists().where(PersonEmail.email_index == Account.email_index)
    unlinked = sa.update(Account).values(person_id=None, linked_by="")
    return linked + db.run(unlinked.where(of_these, Account.linked_by == "email", ~borne))


def end_connection(db: Db, connection_id: UUID, at: datetime) -> tuple[UUID, ...]:
    """End everything that a connection has seen: it is removed. The ids of the accounts that ended."""
    nothing = sa.select(sa.null().cast(sa.LargeBinary).label("source_index")).where(sa.false()).subquery()
    source = Source(connection_id, UUID(int=0), at, may_end=True)
    ended = _end(db, Account, source, nothing)
    _end(db, Entitlement, source, nothing)
    _follow_states(db, source)
    of_these = sa.select(Account.id).where(Account.connection_id == connection_id)
    db.run(sa.update(Grant).values(seen_until=at).where(Grant.account_id.in_(of_these), Grant.seen_until.is_(None)))
    return ended


def _is(table: Any, connection_id: UUID, source_index: Any) -> sa.ColumnElement[bool]:
    return sa.and_(table.connection_id == connection_id, table.source_index == source_index)


def _follow_app(db: Db, table: type[Account] | type[Entitlement], source: Source) -> None:
    """A connection may be given another app, or its app be merged: what it brought goes along."""
    moved = sa.update(table).values(app_id=source.app_id)
    db.run(moved.where(table.connection_id == source.connection_id, table.app_id != source.app_id))


def _change(
    db: Db, table: type[Account] | type[Entitlement], source: Source, staged: sa.Subquery, values: dict[str, Any]
) -> int:
    ours = _is(table, source.connection_id, staged.c.source_index)
    differs = staged.c.sealed.is_not(None) & (table.content_mac != staged.c.content_mac)
    changed = db.run(sa.update(table).values(values | {"seen_until": None}).where(ours, differs))
    return changed + db.run(sa.update(table).values(seen_until=None).where(ours, table.seen_until.is_not(None)))


def _add(
    db: Db,
    table: type[Account] | type[Entitlement],
    source: Source,
    staged: sa.Subquery,
    values: dict[str, Any],
    *,
    among: sa.FromClause | None = None,
) -> int:
    """Insert what is new, in the order of ids, which is that of most of the indexes; ``among`` joins more to it."""
    fixed = {
        "app_id": sa.literal(source.app_id, sa.Uuid),
        "connection_id": sa.literal(source.connection_id, sa.Uuid),
        "seen_from": sa.literal(source.at, sa.DateTime(True)),
    }
    row = {"id": staged.c.id} | values | fixed
    there = sa.exists().where(_is(table, source.connection_id, staged.c.source_index))
    rows: Any = table.__table__
    new = sa.select(*row.values()).select_from(staged if among is None else among)
    new = new.where(staged.c.sealed.is_not(None), ~there).order_by(staged.c.id)
    return db.run(sa.insert(rows).from_select(list(row), new))


def _end(db: Db, table: type[Account] | type[Entitlement], source: Source, staged: sa.Subquery) -> tuple[UUID, ...]:
    if not source.may_end:
        return ()
    read = sa.exists().where(staged.c.source_index == table.source_index)
    ended = (
        sa.update(table)
        .values(seen_until=source.at)
        .where(table.connection_id == source.connection_id, table.seen_until.is_(None), ~read)
        .returning(table.id)
    )
    return tuple(db.session.scalars(ended, execution_options={"synchronize_session": False}))


def _follow_states(db: Db, source: Source) -> None:
    """The present state of each account is one open interval; the others are closed."""
    ours = Account.connection_id == source.connection_id
    over = sa.update(AccountState).values(seen_until=source.at)
    db.run(
        over.where(
            ours,
            AccountState.account_id == Account.id,
            AccountState.seen_until.is_(None),
            sa.or_(AccountState.status != Account.status, Account.seen_until.is_not(None)),
        )
    )
    is_open = sa.exists().where(AccountState.account_id == Account.id, AccountState.seen_until.is_(None))
    begun = sa.select(Account.id, sa.literal(source.at, sa.DateTime(True)), Account.status)
    begun = begun.where(ours, Account.seen_until.is_(None), ~is_open)
    db.run(sa.insert(_STATES).from_select(["account_id", "seen_from", "status"], begun))

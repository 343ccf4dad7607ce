"""Accounts, entitlements and grants, each with the interval in which a sync saw it: this is also the time machine."""

from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base
from app.core.sealed import Facts

AccountStatus = Literal["active", "suspended", "inactive"]
AccountKind = Literal["user", "service", "shared"]
STATUSES: Final[tuple[str, ...]] = get_args(AccountStatus)
KINDS: Final[tuple[str, ...]] = get_args(AccountKind)
NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _view(name: str, *columns: str, where: str) -> sa.Index:
    """What a view of the list reads, in its usual order: few rows that lie far apart in the index of all."""
    return sa.Index(name, *columns, "last_login_at", "id", postgresql_where=sa.text(where))


class AccountFacts(Facts, frozen=True):
    """The sealed part of an account."""

    source_id: str = ""
    username: str = ""
    email: str = ""
    display_name: str = ""


class Account(Base):
    """A person's presence in an app, as one connection sees it.

    ``person_id`` is who it belongs to and ``linked_by`` how we know: by "email", by "hand" (which may also have said:
    nobody), or "" for nobody yet. ``kind`` is set by the source unless ``kind_by_hand``; a service or shared account marked
    here has an ``owner_id``. ``seen_until`` is null while the last complete sync held it. ``last_login_at`` is ``NEVER``
    when no login is known.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = columns.row_id()
    app_id: Mapped[UUID] = columns.reference("apps.id", index=False)
    connection_id: Mapped[UUID] = columns.plain(sa.Uuid)
    source_index: Mapped[bytes] = columns.blind_index()
    username_index: Mapped[bytes | None] = columns.blind_index(nullable=True, index=True)
    email_index: Mapped[bytes | None] = columns.blind_index(nullable=True, index=True)
    person_id: Mapped[UUID | None] = columns.reference("people.id", nullable=True)
    linked_by: Mapped[str] = columns.plain(sa.String(10), server_default="")
    kind: Mapped[str] = columns.plain(sa.String(10), server_default="user")
    kind_by_hand: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    owner_id: Mapped[UUID | None] = columns.reference("people.id", nullable=True)
    status: Mapped[str] = columns.plain(sa.String(20))
    last_login_at: Mapped[datetime] = columns.moment(server_default=sa.text("'1970-01-01 00:00:00+00'"))
    created_in_app_at: Mapped[datetime | None] = columns.optional_moment()
    content_mac: Mapped[bytes] = columns.plain(sa.LargeBinary(32))
    seen_from: Mapped[datetime] = columns.moment()
    seen_until: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (
        sa.UniqueConstraint("connection_id", "source_index"),
        sa.Index("ix_accounts_last_login_at_id", "last_login_at", "id"),
        sa.Index("ix_accounts_seen_from_id", "seen_from", "id"),
        sa.Index("ix_accounts_status_id", "status", "id"),
        _view("ix_accounts_of_app", "app_id", where="seen_until IS NULL"),
        _view("ix_accounts_gone", where="seen_until IS NOT NULL"),
        _view("ix_accounts_not_linked", where="seen_until IS NULL AND person_id IS NULL AND kind = 'user'"),
        _view("ix_accounts_answered_for", where="seen_until IS NULL AND kind <> 'user'"),
    )


class AccountState(Base):
    """One status of an account over one interval; ``seen_until`` is null for the present one."""

    __tablename__ = "account_states"

    account_id: Mapped[UUID] = columns.plain(sa.Uuid, primary_key=True)
    seen_from: Mapped[datetime] = columns.moment(primary_key=True)
    status: Mapped[str] = columns.plain(sa.String(20))
    seen_until: Mapped[datetime | None] = columns.optional_moment()


class EntitlementFacts(Facts, frozen=True):
    """The sealed part of an entitlement."""

    source_id: str = ""
    name: str = ""


class Entitlement(Base):
    """Something an account can hold in an app: a group, role, licence or permission."""

    __tablename__ = "entitlements"

    id: Mapped[UUID] = columns.row_id()
    app_id: Mapped[UUID] = columns.reference("apps.id")
    connection_id: Mapped[UUID] = columns.plain(sa.Uuid)
    source_index: Mapped[bytes] = columns.blind_index()
    kind: Mapped[str] = columns.plain(sa.String(20))
    is_privileged: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    content_mac: Mapped[bytes] = columns.plain(sa.LargeBinary(32))
    seen_from: Mapped[datetime] = columns.moment()
    seen_until: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (sa.UniqueConstraint("connection_id", "source_index"),)


class Grant(Base):
    """An account holding an entitlement over one interval. No foreign keys: the merge guarantees them."""

    __tablename__ = "grants"

    account_id: Mapped[UUID] = columns.plain(sa.Uuid, primary_key=True)
    entitlement_id: Mapped[UUID] = columns.plain(sa.Uuid, primary_key=True)
    seen_from: Mapped[datetime] = columns.moment(primary_key=True)
    seen_until: Mapped[datetime | None] = columns.optional_moment()

    __table_args__ = (
        sa.Index(
            "uq_grants_present",
            "account_id",
            "entitlement_id",
            unique=True,
            postgresql_where=sa.text("seen_until IS NULL"),
        ),
        sa.Index("ix_grants_entitlement_id", "entitlement_id"),
    )

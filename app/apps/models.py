"""Applications in use; several instances of one product are several apps."""

from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base
from app.core.sealed import Facts

AppStatus = Literal["new", "in_review", "managed", "accepted", "plan_to_close", "closed", "ignored"]
STATUSES: Final[tuple[str, ...]] = get_args(AppStatus)
HIDDEN: Final = ("closed", "ignored")  # not in "All apps": nobody has to think about them any more


class Said(Facts, frozen=True):
    """Where a fact of an app comes from (``manual``, ``api`` or ``import``), and since when it is so."""

    source: str
    at: datetime


class AppFacts(Facts, frozen=True):
    """The sealed part of an app; ``owner_email`` is an owner who is not a person known here.

    ``said`` has, by the name of a fact, who said it last: ``owner`` and ``cost_centre``, otherwise as the column is called.
    """

    notes: str = ""
    owner_email: str = ""
    said: dict[str, Said] = {}  # noqa: RUF012 - msgspec copies it for each app


class App(Base):
    """An application in use. Unique by name and instance among those not merged into another."""

    __tablename__ = "apps"

    id: Mapped[UUID] = columns.row_id()
    name: Mapped[str] = columns.plain(sa.String(200))
    instance_name: Mapped[str] = columns.plain(sa.String(200), server_default="")
    status: Mapped[str] = columns.plain(sa.String(20), server_default="new")
    vendor: Mapped[str] = columns.plain(sa.String(200), server_default="")
    category: Mapped[str] = columns.plain(sa.String(200), server_default="")
    url: Mapped[str] = columns.plain(sa.String(2048), server_default="")
    owner_id: Mapped[UUID | None] = columns.reference("people.id", nullable=True)
    cost_centre_id: Mapped[UUID | None] = columns.reference("facets.id", nullable=True)
    source: Mapped[str] = columns.plain(sa.String(20), server_default="manual")
    merged_into_id: Mapped[UUID | None] = columns.reference("apps.id", nullable=True)
    created_at: Mapped[datetime] = columns.moment()
    changed_at: Mapped[datetime] = columns.moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (
        sa.Index(
            "uq_apps_name_instance",
            sa.text("lower(name)"),
            sa.text("lower(instance_name)"),
            unique=True,
            postgresql_where=sa.text("merged_into_id IS NULL"),
        ),
        sa.Index("ix_apps_lower_name", sa.text("lower(name)")),
    )


class AppMergeFacts(Facts, frozen=True):
    """What unmerging needs: the accounts, entitlements and connections that were moved, by id."""

    accounts: tuple[str, ...] = ()
    entitlements: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()


class AppMerge(Base):
    """A merge made by hand; undone once, or never."""

    __tablename__ = "app_merges"

    id: Mapped[UUID] = columns.row_id()
    kept_id: Mapped[UUID] = columns.reference("apps.id")
    merged_id: Mapped[UUID] = columns.reference("apps.id")
    merged_at: Mapped[datetime] = columns.moment()
    undone_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

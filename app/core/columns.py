"""Column types, each with the class of data it holds.

Every column is declared through one of these functions; a house test reads ``info["data"]`` and fails on a column
without a class. Classes: plain, sealed, index (blind), credential, secret (a reference into the vault).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column


def plain(kind: Any, *args: Any, **options: Any) -> Mapped[Any]:
    """A column stored as it is: ids, statuses, dates the scheduler needs, app names, counts."""
    return mapped_column(kind, *args, info={"data": "plain"}, **options)


def row_id() -> Mapped[UUID]:
    """The primary key: a UUIDv7 made by the app."""
    return mapped_column(sa.Uuid, primary_key=True, info={"data": "plain"})


def reference(target: str, **options: Any) -> Mapped[Any]:
    """A foreign key to ``table.column``; indexed unless told otherwise."""
    options.setdefault("index", True)
    ondelete = options.pop("ondelete", None)
    return mapped_column(sa.Uuid, sa.ForeignKey(target, ondelete=ondelete), info={"data": "plain"}, **options)


def moment(**options: Any) -> Mapped[datetime]:
    """An aware moment, UTC."""
    return mapped_column(sa.DateTime(timezone=True), info={"data": "plain"}, **options)


def optional_moment(**options: Any) -> Mapped[datetime | None]:
    """An aware moment, UTC, or none."""
    return mapped_column(sa.DateTime(timezone=True), nullable=True, info={"data": "plain"}, **options)


def optional_day(**options: Any) -> Mapped[date | None]:
    """A plain date, or none."""
    return mapped_column(sa.Date, nullable=True, info={"data": "plain"}, **options)


def sealed_facts(**options: Any) -> Mapped[bytes]:
    """The one blob that holds all sealed facts of the row."""
    return mapped_column(sa.LargeBinary, info={"data": "sealed"}, **options)


def blind_index(**options: Any) -> Mapped[Any]:
    """A blind index over one sealed fact: 16 bytes."""
    return mapped_column(sa.LargeBinary(16), info={"data": "index"}, **options)


def credential(**options: Any) -> Mapped[Any]:
    """A hash or sealed seed of something that signs in."""
    return mapped_column(sa.LargeBinary, info={"data": "credential"}, **options)


def vault_reference(**options: Any) -> Mapped[str | None]:
    """``vault:<name>#<version>``: where a third party's secret lies."""
    return mapped_column(sa.String(300), nullable=True, info={"data": "secret"}, **options)

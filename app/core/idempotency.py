"""The rows behind ``Idempotency-Key``: one per actor, route and key, for 24 hours."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base


class IdempotencyKey(Base):
    """Inserted first in the transaction it protects; the answer is sealed, the request kept as a keyed MAC."""

    __tablename__ = "idempotency_keys"

    id: Mapped[UUID] = columns.row_id()
    actor_id: Mapped[UUID] = columns.plain(sa.Uuid)
    route: Mapped[str] = columns.plain(sa.String(200))
    key_mac: Mapped[bytes] = columns.plain(sa.LargeBinary(32))
    request_mac: Mapped[bytes] = columns.plain(sa.LargeBinary(32))
    status: Mapped[int | None] = columns.plain(sa.SmallInteger, nullable=True)
    sealed: Mapped[bytes | None] = columns.sealed_facts(nullable=True)
    created_at: Mapped[datetime] = columns.moment(index=True)

    __table_args__ = (sa.UniqueConstraint("actor_id", "route", "key_mac"),)

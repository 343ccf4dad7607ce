"""The one row of what the organisation has set; typed columns, no key-value store."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base


class Organisation(Base):
    """Exists from the first migration; ``set_up_at`` is set when the first owner exists.

    ``lifecycle_source_id`` is the one connection that decides who has left.
    """

    __tablename__ = "organisation"

    id: Mapped[UUID] = columns.row_id()
    name: Mapped[str] = columns.plain(sa.String(200), server_default="")
    time_zone: Mapped[str] = columns.plain(sa.String(60), server_default="UTC")
    currency: Mapped[str] = columns.plain(sa.String(3), server_default="EUR")
    fiscal_year_start: Mapped[int] = columns.plain(sa.SmallInteger, server_default="1")
    lifecycle_source_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True)
    unused_after_days: Mapped[int] = columns.plain(sa.SmallInteger, server_default="90")
    set_up_at: Mapped[datetime | None] = columns.optional_moment()
    changed_at: Mapped[datetime] = columns.moment(server_default=sa.func.now())

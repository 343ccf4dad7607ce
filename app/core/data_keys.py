"""The wrapped data keys in the database: made once at the first migration, opened once per process."""

import os
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import clock, columns
from app.core.database import Base
from app.core.errors import StartRefused
from app.core.keys import KEY_BYTES, MasterKey
from app.core.sealed import Keyring

PURPOSES: Final = ("facts", "blind", "mac")


class DataKey(Base):
    """One data key, wrapped by the master key and bound to its number and purpose."""

    __tablename__ = "data_keys"

    number: Mapped[int] = columns.plain(sa.SmallInteger, primary_key=True, autoincrement=False)
    purpose: Mapped[str] = columns.plain(sa.String(20))
    wrapped: Mapped[bytes] = columns.plain(sa.LargeBinary)
    created_at: Mapped[datetime] = columns.moment()


def ensure(connection: sa.Connection, master: MasterKey) -> None:
    """Make the data keys of a new installation; the owner role calls this after migrating."""
    if connection.execute(sa.select(sa.func.count()).select_from(DataKey)).scalar():
        return
    for number, purpose in enumerate(PURPOSES, start=1):
        wrapped = master.wrap(os.urandom(KEY_BYTES), label=_label(number, purpose))
        connection.execute(
            sa.insert(DataKey).values(number=number, purpose=purpose, wrapped=wrapped, created_at=clock.now())
        )


def load(connection: sa.Connection, master: MasterKey) -> Keyring:
    """Open the data keys. Refuses (``StartRefused``) with the wrong key file or an empty database."""
    opened: dict[str, dict[int, bytes]] = {purpose: {} for purpose in PURPOSES}
    rows = connection.execute(sa.select(DataKey.number, DataKey.purpose, DataKey.wrapped).order_by(DataKey.number))
    for number, purpose, wrapped in rows:
        opened[purpose][number] = master.unwrap(wrapped, label=_label(number, purpose))
    if not all(opened.values()):
        raise StartRefused("The database holds no data keys: migrate it first (python -m app migrate).")
    return Keyring(opened["facts"], blind=max(opened["blind"].items())[1], mac=max(opened["mac"].items())[1])


def _label(number: int, purpose: str) -> str:
    return f"data key {number} {purpose}"

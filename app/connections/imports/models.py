"""Imports of files, their content until they are applied, and what each changed, so that it can be undone."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.connections.imports.lines import Lines
from app.connections.models import Counts, Removal
from app.core import columns
from app.core.database import Base
from app.core.sealed import Facts

ImportState = Literal["uploaded", "reading", "ready", "applying", "applied", "undone", "failed", "discarded"]
PENDING = ("uploaded", "reading", "ready", "applying")


class ImportFacts(Facts, frozen=True):
    """What a person told us of the file, and what was found in it.

    ``mapping`` names the column of each field. ``counts`` are what applying it will do, ``people`` how many of its people are
    nobody's yet, ``lines`` the first rows; ``removals`` exceed the connection's limits. ``error`` says what stood in the way.
    ``applied_by`` asked a worker to apply it.
    """

    file_name: str = ""
    uploaded_by: str = ""
    applied_by: str = ""
    columns: tuple[str, ...] = ()
    samples: tuple[tuple[str, ...], ...] = ()
    sheets: tuple[str, ...] = ()
    mapping: dict[str, str] = msgspec.field(default_factory=dict)
    counts: dict[str, Counts] = msgspec.field(default_factory=dict)
    people: int = 0
    lines: Lines = msgspec.field(default_factory=Lines)
    removals: tuple[Removal, ...] = ()
    reasons: tuple[str, ...] = ()
    error: str = ""


class Import(Base):
    """One file on its way in. ``is_complete`` says that what it does not hold is gone; ``rows`` stops counting at a limit."""

    __tablename__ = "imports"

    id: Mapped[UUID] = columns.row_id()
    connection_id: Mapped[UUID] = columns.reference("connections.id")
    sync_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True)
    target: Mapped[str] = columns.plain(sa.String(20))
    state: Mapped[str] = columns.plain(sa.String(20))
    is_complete: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    size: Mapped[int] = columns.plain(sa.Integer)
    rows: Mapped[int] = columns.plain(sa.Integer)
    failed_rows: Mapped[int] = columns.plain(sa.Integer, server_default="0")
    created_at: Mapped[datetime] = columns.moment()
    applied_at: Mapped[datetime | None] = columns.optional_moment()
    undone_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


class ImportPart(Base):
    """A piece of the uploaded file, until it is applied or discarded, or of the file of its failed rows."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = columns.reference("imports.id", ondelete="CASCADE", primary_key=True, index=False)
    kind: Mapped[str] = columns.plain(sa.String(10), primary_key=True)
    number: Mapped[int] = columns.plain(sa.Integer, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = columns.sealed_facts()


class ImportChange(Base):
    """One row that an import wrote, noted by the database itself while it was applied.

    ``before`` is the row as JSON, its sealed facts sealed as they were; null where there was none. ``after`` is the digest of
    the row as the import left it; null where it deleted the row.
    """

    __tablename__ = "import_changes"

    position: Mapped[int] = columns.plain(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    import_id: Mapped[UUID] = columns.plain(sa.Uuid, index=True)
    table_name: Mapped[str] = columns.plain(sa.String(40))
    key: Mapped[str] = columns.plain(sa.String(200))
    before: Mapped[bytes | None] = columns.plain(sa.LargeBinary, nullable=True)
    after: Mapped[bytes | None] = columns.plain(sa.LargeBinary(32), nullable=True)

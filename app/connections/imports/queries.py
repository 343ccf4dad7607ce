"""Reading imports: one of them, and those that can be undone."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.connections.imports.models import Import, ImportFacts
from app.connections.models import Connection
from app.core.database import Db
from app.core.errors import NotFound

_RECENT = 20


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One import with what it is called."""

    row: Import
    facts: ImportFacts
    connection: str


def get_import(db: Db, import_id: UUID, *, lock: bool = False) -> ImportLine:
    """One import. Refuses (``NotFound``) one that is not there or was discarded."""
    row = db.find(Import, import_id, lock=lock)
    if row is None or row.state == "discarded":
        raise NotFound("There is no such import: it was discarded, or another file took its place.")
    return _line(db, row)


def list_imports(db: Db) -> list[ImportLine]:
    """The latest imports, newest first."""
    wanted = sa.select(Import).where(Import.state != "discarded").order_by(Import.id.desc()).limit(_RECENT)
    return [_line(db, row) for row in db.session.scalars(wanted)]


def _line(db: Db, row: Import) -> ImportLine:
    name = db.value(sa.select(Connection.name).where(Connection.id == row.connection_id))
    return ImportLine(row, db.open(ImportFacts, Import, row.id, row.sealed), str(name))

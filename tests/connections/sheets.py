"""Spreadsheets in tests: written, uploaded, mapped as suggested, applied."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.apps.queries import get_app
from app.connections.imports.applying import apply_import
from app.connections.imports.models import Import, ImportFacts
from app.connections.imports.preparing import prepare, remember_mapping
from app.connections.imports.undoing import undo_import
from app.connections.imports.uploading import BY_KEY, open_facts, upload
from app.core.actor import Actor, job_actor
from app.core.database import Database

ADMIN = job_actor("administrator of the tests")
# What an import may write; the trail, rosters and what belongs to the import itself stay out of it.
WRITTEN = (
    "facets", "people", "person_emails", "person_records", "apps", "accounts", "account_states", "entitlements", "grants",
)  # fmt: skip


def sheet(rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file; the first row is the header."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def bring(
    database: Database, target: str, data: bytes, *, app_id: UUID | None = None, complete: bool = False,
    actor: Actor = ADMIN, name: str = "file.csv",
) -> UUID:  # fmt: skip
    """Upload and preview a file, its columns mapped as suggested; the import's id."""
    with database.transaction() as db:
        app = get_app(db, actor, app_id) if app_id else None
        given = upload(db, actor, BY_KEY[target], app, name, io.BytesIO(data))
        remember_mapping(db, actor, given, open_facts(db, given).mapping, is_complete=complete)
        prepare(db, actor, given)
        return given.id


def apply(database: Database, import_id: UUID, *, accept: bool = False, actor: Actor = ADMIN) -> None:
    """Apply what was previewed."""
    with database.transaction() as db:
        apply_import(db, actor, _found(db, import_id), accept_removals=accept)


def undo(database: Database, import_id: UUID, actor: Actor = ADMIN) -> None:
    """Undo what was applied."""
    with database.transaction() as db:
        undo_import(db, actor, _found(db, import_id))


def facts(database: Database, import_id: UUID) -> tuple[Import, ImportFacts]:
    """An import and what it says."""
    with database.transaction() as db:
        found = _found(db, import_id)
        return found, open_facts(db, found)


def checksums(database: Database) -> dict[str, Any]:
    """A digest of all rows of each table that an import may write."""
    with database.transaction(read_only=True) as db:
        return {
            table: db.value(sa.text(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t"))
            for table in WRITTEN
        }


def _found(db: Any, import_id: UUID) -> Import:
    found = db.find(Import, import_id, lock=True)
    assert found is not None
    return found

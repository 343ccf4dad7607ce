"""Undo an import whole: every row it wrote becomes what it was, to the byte, or nothing happens at all.

It refuses where a row was changed since, because undoing would take that change along; and where a later file of the same
kind was applied, which is to be undone first. The rows are locked before they are compared, so that nobody changes one
between that and its being restored. A team, location, cost centre or job title that others took up since stays.
"""

from typing import Any, Final

import sqlalchemy as sa

from app.access.models import Account, AccountState, Entitlement, Grant
from app.apps.models import App
from app.connections import endings, fencing
from app.connections.imports.clearing import UNDONE_WITHIN
from app.connections.imports.labels import label_rows
from app.connections.imports.models import Import, ImportChange
from app.connections.imports.uploading import discard_pending, open_facts, record
from app.connections.models import Connection, Sync
from app.core import clock
from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Base, Db
from app.core.errors import Conflict
from app.people.models import Facet, Person, PersonEmail, PersonRecord
from app.people.users import link_users

# Parents first: rows come back in this order, and go in the opposite one. Each with what names a row of it.
TABLES: Final[tuple[tuple[type[Base], str], ...]] = (
    (Facet, "r.id::text"),
    (Person, "r.id::text"),
    (PersonEmail, "encode(r.email_index, 'hex')"),
    (PersonRecord, "r.id::text"),
    (App, "r.id::text"),
    (Account, "r.id::text"),
    (Entitlement, "r.id::text"),
    (AccountState, "r.account_id::text || ' ' || r.seen_from::text"),
    (Grant, "r.account_id::text || ' ' || r.entitlement_id::text || ' ' || r.seen_from::text"),
)
_MOST_NAMED: Final = 20
_IN_USE: Final = """
    SELECT used FROM people, unnest(ARRAY[team_id, location_id, cost_centre_id, job_title_id]) used WHERE used IS NOT NULL
    UNION SELECT cost_centre_id FROM apps WHERE cost_centre_id IS NOT NULL
"""
_NET: Final = """
    CREATE TEMPORARY TABLE undone ON COMMIT DROP AS
    SELECT table_name, key,
           (array_agg(before ORDER BY position))[1] AS original,
           (array_agg(after ORDER BY position DESC))[1] AS left_as
    FROM import_changes WHERE import_id = :id GROUP BY table_name, key
"""


def undo_import(db: Db, actor: Actor, given: Import) -> None:
    """Restore what was there before. Refuses (``Conflict``) as the module says, naming what was changed since."""
    if given.state != "applied" or given.sync_id is None:
        raise Conflict("This import is not applied, so there is nothing to undo.")
    if given.applied_at is None or clock.now() - given.applied_at > UNDONE_WITHIN:
        raise Conflict(f"An import can be undone for {UNDONE_WITHIN.days} days; this one is older.")
    fencing.advance(db, given.connection_id)
    _require_newest(db, given)
    discard_pending(db, actor, given.connection_id, "An earlier file was undone.")
    db.run(sa.text(_NET), {"id": given.id})
    _lock(db)
    _require_untouched(db)
    _restore(db)
    now = clock.now()
    given.state, given.undone_at = "undone", now
    db.session.flush()
    db.run(sa.update(Sync).where(Sync.id == given.sync_id).values(state="undone"))
    db.run(sa.delete(ImportChange).where(ImportChange.import_id == given.id))
    _forget_freshness(db, given)
    record(db, actor, Event.IMPORT_UNDONE, given)


def _require_newest(db: Db, given: Import) -> None:
    later = sa.select(Import).where(
        Import.connection_id == given.connection_id, Import.state == "applied", Import.applied_at > given.applied_at
    )
    newer = db.session.scalars(later.order_by(Import.applied_at.desc())).first()
    if newer is not None:
        raise Conflict(f"A later file was applied to the same records: undo “{open_facts(db, newer).file_name}” first.")


def _lock(db: Db) -> None:
    """Wait for whoever is changing one of the rows, and have everybody else wait until this is over."""
    for table, key in TABLES:
        name = table.__tablename__
        rows = f"SELECT 1 FROM {name} r JOIN undone ON {key} = undone.key WHERE undone.table_name = :name"  # noqa: S608  # nosec B608
        locked = f"WITH locked AS ({rows} ORDER BY undone.key FOR UPDATE OF r) SELECT count(*) FROM locked"  # noqa: S608  # nosec B608
        db.value(sa.text(locked).bindparams(name=name))


def _require_untouched(db: Db) -> None:
    touched: list[tuple[type[Base], str]] = []
    for table, key in TABLES:
        name = table.__tablename__
        found = db.session.scalars(
            sa.text(f"""
                SELECT undone.key FROM undone LEFT JOIN {name} r ON {key} = undone.key
                WHERE undone.table_name = :name AND sha256(convert_to(r::text, 'UTF8')) IS DISTINCT FROM undone.left_as
                LIMIT {_MOST_NAMED}
            """),  # noqa: S608 - names of our own tables  # nosec B608
            {"name": name},
        )
        touched += [(table, each) for each in found]
    if touched:
        names = "; ".join(label_rows(db, touched[:_MOST_NAMED]))
        raise Conflict(f"This import cannot be undone any more: something was changed since. Changed: {names}.")


def _restore(db: Db) -> None:
    try:
        with db.savepoint():
            for table, key in TABLES:
                _bring_back(db, table, key)
            for table, key in reversed(TABLES):
                if table is Person:
                    link_users(db)  # their addresses are back with whoever had them
                _take_away(db, table, key)
    except sa.exc.IntegrityError as error:
        other = getattr(getattr(error.orig, "diag", None), "table_name", None) or "something else"
        words = str(other).replace("_", " ")
        raise Conflict(
            f"This import cannot be undone any more: {words} added since refer to what it brought."
        ) from None


def _bring_back(db: Db, table: type[Base], key: str) -> None:
    """Rows it deleted come back, rows it changed are as they were."""
    name = table.__tablename__
    columns = [column.name for column in table.__table__.columns]
    listed, given = ", ".join(columns), ", ".join(f"b.{column}" for column in columns)
    before = f"jsonb_populate_record(NULL::{name}, convert_from(undone.original, 'UTF8')::jsonb) b"
    of_this = "undone.table_name = :name AND undone.original IS NOT NULL"
    missing = f"INSERT INTO {name} ({listed}) SELECT {given} FROM undone, {before} WHERE {of_this} AND left_as IS NULL"  # noqa: S608  # nosec B608
    changed = (
        f"UPDATE {name} r SET ({listed}) = ROW({given}) FROM undone, LATERAL {before} "  # noqa: S608  # nosec B608
        f"WHERE {of_this} AND left_as IS NOT NULL AND {key} = undone.key"
    )
    for statement in (missing, changed):
        db.run(sa.text(statement), {"name": name})


def _take_away(db: Db, table: type[Base], key: str) -> None:
    """Rows it made go, but for what people are grouped by and somebody still is."""
    name = table.__tablename__
    kept = f"AND r.id NOT IN ({_IN_USE})" if table is Facet else ""
    statement = (
        f"DELETE FROM {name} r USING undone "  # noqa: S608  # nosec B608
        f"WHERE undone.table_name = :name AND undone.original IS NULL AND {key} = undone.key {kept}"
    )
    db.run(sa.text(statement), {"name": name})


def _forget_freshness(db: Db, given: Import) -> None:
    """The connection is as fresh as its last run that stands."""
    standing = sa.select(sa.func.max(Sync.finished_at)).where(
        Sync.connection_id == given.connection_id, Sync.state == "done", Sync.verdict == "sound"
    )
    changed: Any = sa.update(Connection).where(Connection.id == given.connection_id)
    db.run(changed.values(last_complete_at=standing.scalar_subquery()))
    assert given.sync_id is not None
    endings.forget_staged(db, given.sync_id)

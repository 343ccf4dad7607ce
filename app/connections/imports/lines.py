"""What a preview lists: the first rows that would be added, changed and removed, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.access.models import Account, AccountFacts, Entitlement, EntitlementFacts
from app.apps.models import App
from app.apps.records import AppOut, opened, select_apps
from app.connections.staging import STAGED
from app.core.database import Base, Db
from app.core.sealed import Facts
from app.people.models import PersonRecord, RecordFacts

MOST_LINES: Final = 50
_LONGEST: Final = 200
_HIDDEN: Final = {"source_id", "id", "created_at", "changed_at", "owner_id", "source"}
_S = STAGED.c
_KINDS: Final[tuple[tuple[str, type[Base], type[Facts], tuple[str, ...]], ...]] = (
    ("person", PersonRecord, RecordFacts, ("type", "status", "start_date", "leaving_date")),
    ("account", Account, AccountFacts, ("kind", "status", "last_login_at")),
    ("entitlement", Entitlement, EntitlementFacts, ("kind",)),
)
_STAGED_AS: Final = {"kind": "type"}


class Line(msgspec.Struct, frozen=True):
    """One row of a preview; ``changes`` are (field, before, after)."""

    kind: str
    label: str
    changes: tuple[tuple[str, str, str], ...] = ()


class Lines(msgspec.Struct, frozen=True):
    """The first rows of each sort."""

    added: tuple[Line, ...] = ()
    changed: tuple[Line, ...] = ()
    removed: tuple[Line, ...] = ()


def staged_lines(db: Db, sync_id: UUID, connection_id: UUID, *, may_end: bool) -> Lines:
    """What merging these staged records would do to records, accounts and entitlements."""
    added: list[Line] = []
    changed: list[Line] = []
    removed: list[Line] = []
    for kind, table, facts, plain in _KINDS:
        added += _added(db, sync_id, kind, table, facts)
        changed += _changed(db, sync_id, kind, (table, facts, plain))
        if may_end:
            removed += _removed(db, sync_id, connection_id, kind, (table, facts))
    return Lines(tuple(added[:MOST_LINES]), tuple(changed[:MOST_LINES]), tuple(removed[:MOST_LINES]))


def all_apps(db: Db) -> dict[UUID, AppOut]:
    """Every app as it is now, to be compared with what an import makes of it."""
    return {row.id: opened(db, row) for row in db.rows(select_apps().where(App.merged_into_id.is_(None)))}


def app_lines(before: Mapping[UUID, AppOut], after: Mapping[UUID, AppOut]) -> Lines:
    """What became of the apps."""
    added = [Line("app", app.label) for app_id, app in after.items() if app_id not in before]
    changed = [
        Line("app", app.label, tuple(_differences(before[app_id], app)))
        for app_id, app in after.items()
        if app_id in before and app != before[app_id]
    ]
    return Lines(tuple(added[:MOST_LINES]), tuple(changed[:MOST_LINES]))


def _added(db: Db, sync_id: UUID, kind: str, table: Any, facts: type[Facts]) -> Iterator[Line]:
    there = sa.exists().where(table.id == _S.row_id)
    new = sa.select(_S.row_id, _S.sealed).where(_here(sync_id, kind), _S.sealed.is_not(None), ~there)
    for row in db.rows(new.limit(MOST_LINES)):
        yield Line(kind, _label(db.open(facts, table, row.row_id, row.sealed)))


def _changed(db: Db, sync_id: UUID, kind: str, what: tuple[Any, type[Facts], tuple[str, ...]]) -> Iterator[Line]:
    table, facts, plain = what
    columns = [getattr(table, name).label(f"{name}_before") for name in plain]
    columns += [_S[_STAGED_AS.get(name, name)].label(f"{name}_after") for name in plain]
    both = sa.select(table.id, table.sealed.label("before"), _S.sealed.label("after"), *columns)
    both = both.join(STAGED, _S.row_id == table.id).where(_here(sync_id, kind), _S.sealed.is_not(None))
    for row in db.rows(both.limit(MOST_LINES)):
        before, after = (db.open(facts, table, row.id, blob) for blob in (row.before, row.after))
        values = row._mapping  # noqa: SLF001 - the documented way to columns by name
        of_plain = [(name, values[f"{name}_before"], values[f"{name}_after"]) for name in plain]
        yield Line(kind, _label(after), (*_differences(before, after), *_plain_differences(of_plain)))


def _removed(db: Db, sync_id: UUID, connection_id: UUID, kind: str, what: tuple[Any, type[Facts]]) -> Iterator[Line]:
    table, facts = what
    read = sa.exists().where(_here(sync_id, kind), _S.source_index == table.source_index)
    gone = sa.select(table.id, table.sealed).where(
        table.connection_id == connection_id, table.seen_until.is_(None), ~read
    )
    for row in db.rows(gone.limit(MOST_LINES)):
        yield Line(kind, _label(db.open(facts, table, row.id, row.sealed)))


def _here(sync_id: UUID, kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(_S.sync_id == sync_id, _S.kind == kind)


def _label(facts: Any) -> str:
    names = (getattr(facts, name, "") for name in ("display_name", "name", "username", "email", "source_id"))
    return next((name for name in names if name), "")


def _differences(before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    names = [name for name in before.__struct_fields__ if name not in _HIDDEN]
    return _plain_differences([(name, getattr(before, name), getattr(after, name)) for name in names])


def _plain_differences(values: list[tuple[str, Any, Any]]) -> Iterator[tuple[str, str, str]]:
    for name, before, after in values:
        if (before or None) != (after or None):
            yield name.replace("_", " "), _text(before), _text(after)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        value = ", ".join(value)
    return str(value)[:_LONGEST] if value else ""

"""Merge a register of apps, such as a spreadsheet somebody has kept, into the apps that are known: set-wise.

An app is found by name and instance, whatever their case. What the register leaves empty stays as it is, so importing a
thinner list loses nothing; what it does not list is not touched; an app that was merged away is not made again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.apps.models import App, AppFacts, Said
from app.core import bulk
from app.core.database import Db
from app.core.identifiers import new_id
from app.people.emails import email_index, resolve_by_emails
from app.people.facets import ensure_facets

_A = App.__table__.c
_NAMED: Final = ("name", "instance_name", "owner_email", "notes")
_PLAIN: Final = ("vendor", "category", "url")
_MOVED: Final = ("status", *_PLAIN, "owner_id", "cost_centre_id", "sealed")
_COLUMNS = tuple(
    _A[name]
    for name in (
        "id", "name", "instance_name", "status", "vendor", "category", "url", "owner_id", "cost_centre_id", "source",
        "created_at", "changed_at", "sealed",
    )
)  # fmt: skip
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a register; "" says nothing, and neither does the status "new"."""

    name: str
    instance_name: str = ""
    status: str = "new"
    vendor: str = ""
    category: str = ""
    url: str = ""
    owner_email: str = ""
    cost_centre: str = ""
    notes: str = ""

    @property
    def key(self) -> Key:
        """What the app is found by."""
        return self.name.lower(), self.instance_name.lower()


@dataclass(frozen=True, slots=True)
class Applied:
    """How many apps are new, and how many changed."""

    added: int
    changed: int


def apply_entries(db: Db, entries: Sequence[Entry], at: datetime) -> Applied:
    """Add the apps that are not known and fill in what the entries say of the others. The caller records the event."""
    known = _known(db, entries)
    owners = resolve_by_emails(db, [entry.owner_email for entry in entries])
    centres = ensure_facets(db, "cost_centre", [entry.cost_centre for entry in entries])
    new, changed = [], []
    for entry in entries:
        row = known.get(entry.key)
        if row is not None and row.merged_into_id is not None:
            continue
        owner = owners.get(email_index(db, entry.owner_email)) if entry.owner_email else None
        said = _said(entry, owner, centres.get(entry.cost_centre))
        if row is None:
            new.append(_made(db, entry, said, owner, at))
        elif after := _changed(db, row, entry, said, owner, at):
            changed.append(after)
    _update(db, changed)
    return Applied(_insert(db, new), len(changed))


def _known(db: Db, entries: Sequence[Entry]) -> Mapping[Key, sa.Row[Any]]:
    """The apps that the entries may mean, by what they are found by, locked: nobody changes them before they are written.

    Of those of one name it is the one that was not merged away. Locked in the order of their ids, as everywhere.
    """
    names = sa.any_(sa.cast([entry.name.lower() for entry in entries], sa.ARRAY(sa.String)))
    rows = db.rows(sa.select(App.__table__).where(sa.func.lower(_A.name) == names).order_by(_A.id).with_for_update())
    by_standing = sorted(rows, key=lambda row: row.merged_into_id is None)
    return {(row.name.lower(), row.instance_name.lower()): row for row in by_standing}


def _said(entry: Entry, owner: UUID | None, centre: UUID | None) -> dict[str, Any]:
    """The plain columns that the entry says something about."""
    said: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(entry, name))}
    if entry.status != "new":
        said["status"] = entry.status
    if owner is not None:
        said["owner_id"] = owner
    if centre is not None:
        said["cost_centre_id"] = centre
    return said


def _facts(entry: Entry, owner: UUID | None, before: AppFacts) -> AppFacts:
    unknown_owner = entry.owner_email if entry.owner_email and owner is None else ""
    owner_email = unknown_owner or ("" if owner else before.owner_email)
    return msgspec.structs.replace(before, notes=entry.notes or before.notes, owner_email=owner_email)


def _noted(db: Db, app_id: UUID, facts: AppFacts, names: Iterable[str], at: datetime) -> bytes:
    """The facts sealed, with a note that the register said those of these names."""
    by = Said(source="import", at=at)
    said = {"owner" if name == "owner_email" else name.removesuffix("_id"): by for name in names}
    return db.seal(App, app_id, msgspec.structs.replace(facts, said=facts.said | said))


def _made(db: Db, entry: Entry, said: Mapping[str, Any], owner: UUID | None, at: datetime) -> tuple[Any, ...]:
    row_id = new_id()
    facts = _facts(entry, owner, AppFacts())
    names = [*said, *(name for name in _NAMED if getattr(entry, name))]
    fixed = {
        "id": row_id, "name": entry.name, "instance_name": entry.instance_name, "source": "import", "created_at": at,
        "changed_at": at, "sealed": _noted(db, row_id, facts, names, at),
    }  # fmt: skip
    empty = {"status": "new", "vendor": "", "category": "", "url": "", "owner_id": None, "cost_centre_id": None}
    return tuple((empty | dict(said) | fixed)[column.name] for column in _COLUMNS)


def _changed(
    db: Db, row: sa.Row[Any], entry: Entry, said: Mapping[str, Any], owner: UUID | None, at: datetime
) -> tuple[Any, ...] | None:
    """The row as it is to be; None when it is so already."""
    before = db.open(AppFacts, App, row.id, row.sealed)
    facts = _facts(entry, owner, before)
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to columns by name
    names = [name for name, value in said.items() if values[name] != value]
    names += [name for name in ("notes", "owner_email") if getattr(facts, name) != getattr(before, name)]
    if not names:
        return None
    values |= {**said, "sealed": _noted(db, row.id, facts, names, at), "changed_at": at}
    return tuple(values[name] for name in ("id", *_MOVED, "changed_at"))


def _insert(db: Db, rows: Sequence[tuple[Any, ...]]) -> int:
    """Add apps; the database has the last word on which names differ only in case."""
    if not rows:
        return 0
    given = bulk.values(db, _COLUMNS, rows)
    apps: Any = App.__table__
    new = insert(apps).from_select([column.name for column in _COLUMNS], sa.select(*given.c))
    return db.run(new.on_conflict_do_nothing())


def _update(db: Db, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    given = bulk.values(db, [_A[name] for name in ("id", *_MOVED, "changed_at")], rows)
    values = {name: given.c[name] for name in (*_MOVED, "changed_at")}
    db.run(sa.update(App).values(values).where(_A.id == given.c.id))

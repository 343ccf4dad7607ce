"""Page, sort and filter a list the same way in the API and the pages: keyset paging with sealed cursors.

Page 1,000 costs what page 1 costs, and a row inserted meanwhile shifts nothing. A cursor is opaque: sealed, so that the
sort value in it (a name, a date) is in no address, history or log.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core.database import Db
from app.core.errors import Invalid
from app.core.sealed import DoesNotOpen, Keyring

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. ``next`` and ``previous`` are cursors or None; ``total`` counts all matches, where asked for."""

    rows: Sequence[T]
    next: str | None = None
    previous: str | None = None
    total: int | None = None

    def map(self, change: Callable[[Sequence[T]], Sequence[U]]) -> "Page[U]":
        """The same page with other rows."""
        return Page(change(self.rows), self.next, self.previous, self.total)


@dataclass(frozen=True, slots=True)
class Sort:
    """How a list can be sorted: an expression that is never NULL (a sentinel stands for unknown), ideally indexed."""

    expression: Any
    kind: type[str] | type[int] | type[datetime] | type[UUID] = str


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: ``sort`` is a key of the list's sorts, with ``-`` in front for descending."""

    sort: str
    cursor: str | None = None
    limit: int = DEFAULT_LIMIT

    @property
    def key(self) -> str:
        """The sort without its direction."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins: after (or, backwards, before) this value and id, in this sort."""

    sort: str
    value: Any
    id: str
    backwards: bool = False


def write_cursor(keys: Keyring, cursor: Cursor) -> str:
    """Seal a cursor into URL-safe text."""
    return urlsafe_b64encode(keys.seal_bytes(b"cursor", msgspec.msgpack.encode(cursor))).decode().rstrip("=")


def read_cursor(keys: Keyring, text: str, sort: str) -> Cursor:
    """Open a cursor. Refuses (``Invalid``) what is not one of ours or belongs to another sort."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.msgpack.decode(keys.open_bytes(b"cursor", raw), type=Cursor)
    except (ValueError, DoesNotOpen, msgspec.DecodeError):
        raise Invalid.field("cursor", "This is not a cursor of this list. Start again without it.") from None
    if cursor.sort != sort:
        raise Invalid.field("cursor", "This cursor belongs to another sort order. Start again without it.")
    return cursor


def page_of(
    db: Db, statement: sa.Select[Any], sorts: Mapping[str, Sort], order: Order, *, key: Any
) -> Page[sa.Row[Any]]:
    """One page of ``statement``; ``key`` is the unique column that breaks ties.

    Refuses (``Invalid``) an unknown sort or a foreign cursor. Rows carry an extra last column ``_sort``.
    """
    sort = sorts.get(order.key)
    if sort is None:
        raise Invalid.field("sort", f"Sort by one of: {', '.join(sorts)}.")
    cursor = read_cursor(db.keys, order.cursor, order.sort) if order.cursor else None
    backwards = cursor is not None and cursor.backwards
    down = order.descending != backwards
    if cursor is not None:
        statement = statement.where(_beyond(sort, key, cursor, down=down))
    direction = sa.desc if down else sa.asc
    statement = statement.add_columns(sort.expression.label("_sort"))
    if sort.expression is key:
        statement = statement.order_by(direction(key))
    else:
        statement = statement.order_by(direction(sort.expression), direction(key))
    found = list(db.rows(statement.limit(order.limit + 1)))
    more = len(found) > order.limit
    found = found[: order.limit]
    if backwards:
        found.reverse()
    return Page(found, *_ends(db.keys, order, found, key.key, more=more, cursor=cursor))


def _ends(
    keys: Keyring, order: Order, found: Sequence[sa.Row[Any]], key: str, *, more: bool, cursor: Cursor | None
) -> tuple[str | None, str | None]:
    if not found:
        return None, None
    backwards = cursor is not None and cursor.backwards
    has_next = more or backwards
    has_previous = more if backwards else cursor is not None

    def at(row: sa.Row[Any], *, back: bool) -> str:
        value = row._mapping["_sort"]  # noqa: SLF001 - the documented way to a column by name
        plain = value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        return write_cursor(keys, Cursor(order.sort, plain, str(row._mapping[key]), back))  # noqa: SLF001

    return (at(found[-1], back=False) if has_next else None, at(found[0], back=True) if has_previous else None)


def _beyond(sort: Sort, key: Any, cursor: Cursor, *, down: bool) -> sa.ColumnElement[bool]:
    value = cursor.value
    if sort.kind is datetime:
        value = datetime.fromisoformat(value)
    elif sort.kind is UUID:
        value = UUID(value)
    if sort.expression is key:
        return sa.and_(key < value if down else key > value)
    here = sa.tuple_(sort.expression, key)
    there = sa.tuple_(sa.literal(value), sa.literal(UUID(cursor.id)))
    beyond: sa.ColumnElement[bool] = here < there if down else here > there
    return beyond

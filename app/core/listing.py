"""Page, sort and filter a list the same way in the API and the pages: keyset paging with sealed cursors.

Page 1,000 costs what page 1 costs, and a row inserted meanwhile shifts nothing. A cursor is opaque: sealed, so that the
sort value in it (a name, a date) is in no address, history or log.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
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
    """One page of ``statement``; ``key`` is the unique column that breaks ties, which the statement selects.

    Refuses (``Invalid``) an unknown sort or a foreign cursor. Rows carry an extra last column, what they are sorted by.
    """
    keyset = Keyset.of(db, sorts, order)
    found = db.rows(narrowed(statement, sorts, keyset.shape, key=key), keyset.values)
    return keyset.page(db, found, key=key)


class Shape(NamedTuple):
    """What the statement of a page depends on: the sort, whether rows descend, whether they begin beyond a cursor."""

    sort: str
    is_down: bool
    is_beyond: bool


@dataclass(frozen=True, slots=True)
class Keyset:
    """Where one page of a list lies: the shape of its statement, and the values to run that with."""

    order: Order
    cursor: Cursor | None
    values: Mapping[str, Any]

    @classmethod
    def of(cls, db: Db, sorts: Mapping[str, Sort], order: Order) -> "Keyset":
        """The page that was asked for. Refuses (``Invalid``) an unknown sort or a foreign cursor."""
        sort = sorts.get(order.key)
        if sort is None:
            raise Invalid.field("sort", f"Sort by one of: {', '.join(sorts)}.")
        cursor = read_cursor(db.keys, order.cursor, order.sort) if order.cursor else None
        values: dict[str, Any] = {"page_limit": order.limit + 1}
        if cursor is not None:
            values |= {"page_value": _read(sort, cursor.value), "page_key": UUID(cursor.id)}
        return cls(order, cursor, values)

    @property
    def shape(self) -> Shape:
        """The shape of this page."""
        backwards = self.cursor is not None and self.cursor.backwards
        return Shape(self.order.key, self.order.descending != backwards, self.cursor is not None)

    def page(self, db: Db, found: Sequence[Any], *, key: Any) -> Page[Any]:
        """The page from the rows of its statement, which are one more where there are more."""
        more = len(found) > self.order.limit
        rows = list(found[: self.order.limit])
        if self.cursor is not None and self.cursor.backwards:
            rows.reverse()
        return Page(rows, *_ends(db.keys, self.order, rows, key.key, more=more, cursor=self.cursor))


def narrowed(statement: sa.Select[Any], sorts: Mapping[str, Sort], shape: Shape, *, key: Any) -> sa.Select[Any]:
    """The statement of one page and one row more, to be run with the values of a ``Keyset`` of this shape."""
    by = sorts[shape.sort].expression
    if shape.is_beyond:
        value = sa.bindparam("page_value", type_=by.type)
        here, there = (key, value) if by is key else (sa.tuple_(by, key), sa.tuple_(value, _KEY))
        statement = statement.where(here < there if shape.is_down else here > there)
    direction = sa.desc if shape.is_down else sa.asc
    ordered = statement.order_by(*map(direction, [key] if by is key else [by, key]))
    return ordered.add_columns(by.label("sorted_by")).limit(sa.bindparam("page_limit", type_=sa.Integer))


_KEY = sa.bindparam("page_key", type_=sa.Uuid)


def _ends(
    keys: Keyring, order: Order, found: Sequence[Any], key: str, *, more: bool, cursor: Cursor | None
) -> tuple[str | None, str | None]:
    if not found:
        return None, None
    backwards = cursor is not None and cursor.backwards
    has_next = more or backwards
    has_previous = more if backwards else cursor is not None

    def at(row: Any, *, back: bool) -> str:
        value = row[-1]
        plain = value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        return write_cursor(keys, Cursor(order.sort, plain, str(getattr(row, key)), back))

    return (at(found[-1], back=False) if has_next else None, at(found[0], back=True) if has_previous else None)


def _read(sort: Sort, value: Any) -> Any:
    """A sort value as it was before it went into a cursor."""
    if sort.kind is datetime:
        return datetime.fromisoformat(value)
    return UUID(value) if sort.kind is UUID else value

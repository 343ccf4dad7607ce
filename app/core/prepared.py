"""Queries on the path of every request: compiled once for their shape, run in PostgreSQL's binary form.

Building a statement and finding it again in SQLAlchemy's cache costs more than a hundred of its rows do. So a room keeps a
``Prepared`` for each shape that is asked for (which filters, which order), and only values change from call to call.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.core.database import Db

MOST_SHAPES: Final = 256
"""How many shapes of one query are kept."""
_DIALECT: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy's dialects are not typed
_BATCH: Final = 250
_numbers = count(1)


class Prepared:
    """A SELECT whose values are ``bindparam``s by name, or fixed."""

    __slots__ = ("_fixed", "_text")

    def __init__(self, statement: sa.Select[Any]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self._text = compiled.string.encode()
        self._fixed = dict(compiled.params)

    def rows(self, db: Db, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows, as named tuples. Fails with SQLAlchemy's errors, as every other query does."""
        with self._failing_alike():
            cursor = db.driver.cursor(binary=True, row_factory=namedtuple_row)
            return cursor.execute(self._text, self._with(values)).fetchall()

    def row(self, db: Db, values: Mapping[str, Any] | None = None) -> Any | None:
        """The first row, or None."""
        found = self.rows(db, values)
        return found[0] if found else None

    def each(self, db: Db, values: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Row by row from a cursor of the server's, so that memory stays flat."""
        name = f"each_{next(_numbers)}"
        with self._failing_alike(), db.driver.cursor(name, row_factory=namedtuple_row) as cursor:
            cursor.itersize = _BATCH
            yield from cursor.execute(self._text, self._with(values), binary=True)

    def _with(self, values: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return {**self._fixed, **values} if values else self._fixed

    @contextmanager
    def _failing_alike(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise sa.exc.DBAPIError.instance(
                self._text.decode(), None, error, psycopg.Error, hide_parameters=True, dialect=_DIALECT
            ) from error

"""Thousands of rows at once: COPY into a table, or into a temporary one to merge from.

Types are those of the table's own columns, and values go over in PostgreSQL's binary form: nothing is quoted or parsed.
"""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from app.core.database import Db

_TYPES = {
    sa.Uuid: "uuid", sa.LargeBinary: "bytea", sa.String: "text", sa.Boolean: "bool", sa.Date: "date",
    sa.DateTime: "timestamptz", sa.BigInteger: "int8", sa.SmallInteger: "int2", sa.Integer: "int4",
}  # fmt: skip
_numbers = count(1)


def copy(db: Db, columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows into the table of ``columns``; each row has its values in their order."""
    _copy(db, sql.Identifier(columns[0].table.description), columns, rows)


def values(db: Db, columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> sa.Table:
    """A temporary table of rows, with columns named and typed as given, that goes with the transaction."""
    name = f"bulk_{next(_numbers)}"
    made = sa.Table(name, sa.MetaData(), *(sa.Column(column.name, column.type) for column in columns))
    listed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_type(column))) for column in columns
    )
    cursor = db.driver.cursor()
    cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(name), listed))
    _copy(db, sql.Identifier(name), columns, rows)
    cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
    return made


def _copy(db: Db, table: sql.Identifier, columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, names)
    with db.driver.cursor().copy(statement) as stream:
        stream.set_types([_type(column) for column in columns])
        for row in rows:
            stream.write_row(row)


def _type(column: Any) -> str:
    return next(name for kind, name in _TYPES.items() if isinstance(column.type, kind))

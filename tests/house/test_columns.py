"""Every column says what class of data it holds, and what its class says is true of its type."""

import importlib
import pkgutil
from itertools import chain

import pytest
import sqlalchemy as sa

import app
from app.core.database import Base

CLASSES = {"plain", "sealed", "index", "credential", "secret"}


def _tables() -> list[sa.Table]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name.rpartition(".")[2] == "models" or module.name.startswith("app.core."):
            importlib.import_module(module.name)
    return list(Base.metadata.sorted_tables)


TABLES = _tables()
COLUMNS = list(chain.from_iterable(table.columns for table in TABLES))


def test_there_are_tables_to_check() -> None:
    assert {"events", "people", "apps", "accounts"} <= {table.name for table in TABLES}


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_every_column_has_a_class(column: sa.Column) -> None:
    assert column.info.get("data") in CLASSES, f"declare {column} through app.core.columns"


@pytest.mark.parametrize("column", [column for column in COLUMNS if column.info.get("data") != "plain"], ids=str)
def test_what_is_not_plain_is_not_stored_as_text(column: sa.Column) -> None:
    if column.info["data"] == "secret":
        assert isinstance(column.type, sa.String)
    else:
        assert isinstance(column.type, sa.LargeBinary)


def test_plain_columns_hold_short_words_not_free_text() -> None:
    free = [
        str(column)
        for column in COLUMNS
        if column.info["data"] == "plain" and isinstance(column.type, sa.Text | sa.JSON)
    ]
    assert free == [], "free text is personal or commercial: seal it"

"""The migrations, from empty, make exactly the tables that the models describe; the application may not alter the trail."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.core.database import Base, Database
from migrations.run import head, is_current
from tests.house.test_columns import TABLES
from tests.postgres import Server

_FOREIGN = ("procrastinate_", "alembic_version")


def _ours(_object: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    return not (kind == "table" and reflected and name is not None and name.startswith(_FOREIGN))


def test_the_migrations_from_empty_equal_the_models(postgres: Server, database_name: str) -> None:
    assert TABLES
    engine = sa.create_engine(postgres.url("owner", database_name))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _ours, "compare_type": True})
        difference = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert difference == []


def test_a_fresh_database_is_at_the_newest_revision(postgres: Server, database_name: str) -> None:
    assert is_current(postgres.url("app", database_name))
    assert head().isdigit()


def test_the_application_role_owns_nothing_and_cannot_make_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        owned = connection.execute(
            sa.text(
                "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
            )
        )
        assert owned.scalar() == 0
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("CREATE TABLE mine (id int)"))

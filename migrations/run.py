"""Bring a database to this version: schema as the owner role, rights of the application role, data keys.

Everything happens in one transaction under an advisory lock, so two starts cannot migrate at once and a crash leaves
the old version.
"""

from pathlib import Path

import psycopg
import sqlalchemy as sa

from app.core import data_keys
from app.core.errors import StartRefused
from app.core.keys import MasterKey

VERSIONS = Path(__file__).parent / "versions"
OLDEST_POSTGRES = 160000
APP_ROLE = "stackwarden_app"
_LOCK = 0x57AC4


def head() -> str:
    """The newest revision: the number that the newest file's name begins with."""
    return max(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def is_current(url: str) -> bool:
    """Whether the database at ``url`` (SQLAlchemy's form) is at ``head``; cheap, imports no Alembic."""
    with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=10) as connection:
        found = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
        if found is None or found[0] is None:
            return False
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row is not None and row[0] == head()


def migrate(owner_url: str, key: MasterKey, app_role_password: str) -> None:
    """Migrate as the owner at ``owner_url``; make the application role where it is missing and we may.

    Refuses (``StartRefused``) an older PostgreSQL, a newer schema than ours, or a missing role we may not make.
    """
    engine = sa.create_engine(owner_url, isolation_level="READ COMMITTED", hide_parameters=True)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _require_version(connection)
            _ensure_app_role(connection, app_role_password)
            _upgrade(connection)
            data_keys.ensure(connection, key)
            data_keys.load(connection, key)
    finally:
        engine.dispose()


def _require_version(connection: sa.Connection) -> None:
    version = int(connection.execute(sa.text("SHOW server_version_num")).scalar_one())
    if version < OLDEST_POSTGRES:
        raise StartRefused(f"PostgreSQL {version // 10000} is too old: Stackwarden needs 16 or later.")


def _ensure_app_role(connection: sa.Connection, password: str) -> None:
    exists = connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}).scalar()
    if not exists:
        may = connection.execute(
            sa.text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
        ).scalar()
        if not may:
            raise StartRefused(
                f"The database role {APP_ROLE} does not exist and {owner(connection)} may not create it. "
                f"As a superuser run: CREATE ROLE {APP_ROLE} LOGIN PASSWORD '…';"
            )
        quoted = psycopg.sql.Literal(password).as_string(None)
        connection.exec_driver_sql(f"CREATE ROLE {APP_ROLE} LOGIN PASSWORD {quoted}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
    for kind, rights in (
        ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
        ("SEQUENCES", "USAGE, SELECT"),
        ("FUNCTIONS", "EXECUTE"),
    ):
        connection.exec_driver_sql(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON {kind} TO {APP_ROLE}")


def owner(connection: sa.Connection) -> str:
    """The role this connection acts as."""
    return str(connection.execute(sa.text("SELECT current_user")).scalar_one())


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only when there is something to migrate
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StartRefused(f"This database belongs to another version of Stackwarden: {error}.") from None

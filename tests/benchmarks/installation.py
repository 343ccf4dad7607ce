"""A database of its own for a benchmark: a real PostgreSQL, migrated, opened as the application opens it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from app.core import logs
from app.core.data_keys import load
from app.core.database import Database
from app.core.keys import MasterKey
from app.core.machine.process import settle
from app.core.settings import Settings
from migrations.run import migrate
from tests.connections.harness import Bench
from tests.postgres import PASSWORDS, server

_MASTER = MasterKey(b"\x07" * 32)


@contextmanager
def fresh(postgres: int) -> Iterator[Bench]:
    """An empty installation on this major version of PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, server(postgres) as running:
        running.create_database("bench")
        migrate(running.url("owner", "bench"), _MASTER, PASSWORDS["app"])
        settings = Settings(data_dir=Path(folder) / "data", key_file=Path(folder) / "key", log_level="warning")
        logs.configure(settings)
        url = running.url("app", "bench")
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            keys = load(connection, _MASTER)
        engine.dispose()
        settle()  # as a worker does
        bench = Bench(Database(url, keys), settings)
        try:
            yield bench
        finally:
            bench.close()
            bench.database.close()

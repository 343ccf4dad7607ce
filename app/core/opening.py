"""From settings to an open database: the key file opens the data keys, the data keys open the facts."""

import sqlalchemy as sa

from app.core import data_keys
from app.core.database import CONCURRENCY, Database
from app.core.errors import StartRefused
from app.core.keys import load_key_file
from app.core.sealed import Keyring
from app.core.settings import Settings

PATIENCE = 10
"""How many seconds a request waits for a lock."""


def open_database(settings: Settings, *, concurrency: int = CONCURRENCY, patience: int = 0) -> Database:
    """The database at ``settings.database_url``, which names the application's role, with its keyring.

    ``patience`` is how many seconds a statement waits for a lock; 0 is for as long as it takes. Refuses
    (``StartRefused``) without an address, with the wrong key, or where the database does not answer.
    """
    url = _url(settings)
    return Database(url, read_keys(settings), concurrency=concurrency, patience=patience)


def read_keys(settings: Settings) -> Keyring:
    """Open the data keys afresh: what readiness means. Refuses (``StartRefused``) as ``open_database`` does."""
    master = load_key_file(settings.key_file)
    engine = sa.create_engine(_url(settings), poolclass=sa.pool.NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            return data_keys.load(connection, master)
    except sa.exc.ProgrammingError:
        raise StartRefused("The database is not migrated: run python -m app migrate.") from None
    except sa.exc.OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise StartRefused(f"The database cannot be reached: {reason}") from None


def _url(settings: Settings) -> str:
    if settings.database_url is None:
        raise StartRefused("STACKWARDEN_DATABASE_URL is not set; python -m app run starts a database by itself.")
    return settings.database_url.get_secret_value()

"""Where the database is: the address of the role that migrates and of the role that runs.

The embedded one gives both; of an operator's own, ``database_url`` is the application role's where
``owner_database_url`` is set beside it, else the owner's, and the application role gets a password derived from the
key file.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.core.errors import StartRefused
from app.core.keys import MasterKey
from app.core.machine.data_dir import AlreadyRunning
from app.core.machine.embedded import Embedded
from app.core.machine.initdb import ROLES
from app.core.settings import Settings

_SCHEME = "postgresql+psycopg"
_WAIT_SECONDS = 30.0


class Addresses(NamedTuple):
    """SQLAlchemy's addresses, passwords included: never print them."""

    owner: str
    app: str


def own_server(settings: Settings, key: MasterKey) -> Addresses | None:
    """The addresses at the operator's own server, or None where the embedded one is used.

    Refuses (``StartRefused``) an address that is not PostgreSQL's.
    """
    if settings.database_url is None:
        return None
    given = _normal("STACKWARDEN_DATABASE_URL", settings.database_url.get_secret_value())
    if settings.owner_database_url is not None:
        return Addresses(
            _normal("STACKWARDEN_OWNER_DATABASE_URL", settings.owner_database_url.get_secret_value()), given
        )
    parts = urlsplit(given)
    role = ROLES["app"]
    login = f"{role}:{key.password(role)}@"
    return Addresses(given, parts._replace(netloc=login + parts.netloc.rpartition("@")[2]).geturl())


def embedded(server: Embedded) -> Addresses:
    """The addresses at the embedded server."""
    return Addresses(server.url("owner"), server.url("app"))


@contextmanager
def reached(settings: Settings, key: MasterKey) -> Iterator[Addresses]:
    """The database for as long as a command needs it: the embedded one is started unless it runs already."""
    own = own_server(settings, key)
    if own is not None:
        yield own
        return
    server = Embedded(settings, key)
    try:
        server.start()
    except AlreadyRunning:
        _wait_for(server)
    try:
        yield embedded(server)
    finally:
        server.stop()


def bring_up_to_date(settings: Settings, addresses: Addresses, key: MasterKey) -> Settings:
    """Migrate the database unless it is at this version; the settings of a process that acts as the application.

    Refuses (``StartRefused``) a database that cannot be reached as either role or that another key belongs to, and as
    ``migrations.run.migrate`` does.
    """
    import psycopg  # noqa: PLC0415 - the supervisor never needs what this needs

    from app.core.opening import read_keys  # noqa: PLC0415
    from migrations.run import is_current, migrate  # noqa: PLC0415

    try:
        if not is_current(addresses.owner):
            migrate(addresses.owner, key, key.password(ROLES["app"]))
    except psycopg.OperationalError as error:
        reason = (str(error).strip() or "no answer").splitlines()[0]
        raise StartRefused(f"The database cannot be reached: {reason}") from None
    application = as_application(settings, addresses)
    read_keys(application)
    return application


def as_application(settings: Settings, addresses: Addresses) -> Settings:
    """The settings of a process that acts as the application's role and knows no other."""
    return settings.model_copy(update={"database_url": SecretStr(addresses.app), "owner_database_url": None})


def _wait_for(server: Embedded) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not server.is_ready():
        if time.monotonic() > deadline:
            raise StartRefused("Stackwarden is running, but its database does not answer.")
        time.sleep(0.05)


def _normal(name: str, url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", _SCHEME}:
        raise StartRefused(f"{name} must be an address such as postgresql://user:password@host:5432/database.")
    return f"{_SCHEME}://{rest}"

"""Looks at an installation without changing it and says, in sentences, what is good and what is wrong.

It starts the embedded database for its own duration when nothing runs; it makes no key, no files and no roles.
"""

import shutil
from collections.abc import Iterator
from typing import Final, NamedTuple

import psycopg

from app.core.errors import StartRefused
from app.core.keys import load_key_file
from app.core.machine.data_dir import open_key
from app.core.machine.database_addresses import Addresses, own_server, reached
from app.core.machine.embedded import Embedded
from app.core.machine.initdb import ROLES
from app.core.settings import Settings
from migrations.run import OLDEST_POSTGRES, is_current

_LITTLE_ROOM: Final = 2**30


class Finding(NamedTuple):
    """One thing looked at."""

    is_good: bool
    sentence: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which one thing needs the other; stops where nothing further can be seen."""
    yield Finding(is_good=True, sentence=f"The settings are valid; people use {settings.origin}.")
    yield _disk(settings)
    try:
        load_key_file(settings.key_file)
        key = open_key(settings.data_dir, settings.key_file)
        yield Finding(is_good=True, sentence=f"The key file {settings.key_file} is private and well formed.")
        if own_server(settings, key) is None and not Embedded(settings, key).is_made():
            yield Finding(is_good=False, sentence="There is no database yet: python -m app run makes it.")
            return
        with reached(settings, key) as addresses:
            yield from _database(addresses)
    except StartRefused as refusal:
        yield Finding(is_good=False, sentence=str(refusal))


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.data_dir, *settings.data_dir.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Finding(free > _LITTLE_ROOM, f"{free // 2**20} MB are free on the disk that holds {settings.data_dir}.")


def _database(addresses: Addresses) -> Iterator[Finding]:
    for name, address in (("that migrates", addresses.owner), ("that runs", addresses.app)):
        try:
            with psycopg.connect(_plain(address), connect_timeout=10) as connection:
                yield from _role(connection, name)
        except psycopg.OperationalError as error:
            reason = (str(error).strip() or "no answer").splitlines()[-1]
            yield Finding(is_good=False, sentence=f"The database role {name} cannot sign in: {reason}")
            return
    if is_current(addresses.owner):
        yield Finding(is_good=True, sentence="The database is at this version.")
    else:
        yield Finding(is_good=False, sentence="The database is at another version: python -m app migrate.")


def _role(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> Iterator[Finding]:
    found = connection.execute(
        "SELECT current_user, rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert found is not None
    role, is_mighty = found
    version = connection.info.server_version
    is_old = version < OLDEST_POSTGRES
    if is_old:
        yield Finding(is_good=False, sentence=f"PostgreSQL {version // 10000} is too old: 16 or later is needed.")
    is_wrong = role == ROLES["app"] and is_mighty
    much = ", and has more rights than it should" if is_wrong else ""
    yield Finding(not is_wrong, f"The database role {name} is {role}{much}; the server is {version // 10000}.")


def _plain(address: str) -> str:
    return address.replace("+psycopg", "")

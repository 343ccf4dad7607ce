"""With the disk and the database, but without the key file, nothing opens; with the key, nothing that was moved does."""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from app.core import data_keys
from app.core.database import Base
from app.core.errors import StartRefused
from app.core.keys import MasterKey
from app.core.opening import open_database
from app.core.sealed import DoesNotOpen, Keyring
from tests.attacks.estate import Estate, opened, settings_for
from tests.postgres import Server


def _sealed(estate: Estate) -> Iterator[tuple[str, str, Any, bytes]]:
    """Every sealed cell that there is: table, column, the row's first key, the blob."""
    with estate.database.transaction(read_only=True) as db:
        for table in Base.metadata.sorted_tables:
            key = next(iter(table.primary_key.columns))
            for column in table.columns:
                if column.info.get("data") == "sealed":
                    for row in db.rows(sa.select(key, column).where(column.is_not(None))):
                        yield table.name, column.name, row[0], row[1]


def test_another_key_file_opens_nothing_and_nothing_starts(estate: Estate, postgres: Server, tmp_path: Any) -> None:
    url = postgres.url("app", "attacks_shared")
    settings = settings_for(url, tmp_path)
    settings.key_file.write_text("stackwarden-key-1:" + "B" * 43 + "=\n", "ascii")
    with pytest.raises(StartRefused, match="wrong key"):
        open_database(settings)
    with pytest.raises(StartRefused, match="wrong key"), opened(settings):
        pass
    settings.key_file.unlink()
    with pytest.raises(StartRefused, match="does not exist"), opened(settings):
        pass
    with estate.database.engine.connect() as connection, pytest.raises(StartRefused, match="wrong key"):
        data_keys.load(connection, MasterKey(os.urandom(32)))


def test_no_sealed_cell_opens_or_reads_as_anything_without_the_data_keys(estate: Estate) -> None:
    strange = Keyring({1: os.urandom(32)}, blind=os.urandom(32), mac=os.urandom(32))
    cells = list(_sealed(estate))
    assert len({table for table, *_ in cells}) > 12
    for table, column, key, blob in cells:
        assert len(blob) > 30, f"{table}.{column} is too short to be sealed"
        with pytest.raises(DoesNotOpen):
            strange.open(msgspec.Struct, table, key if isinstance(key, UUID) else UUID(int=0), blob)
        for plain in (blob, blob[2:], blob[14:]):
            with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
                msgspec.msgpack.decode(plain, type=dict)


def test_a_sealed_cell_that_was_moved_to_another_row_does_not_open(estate: Estate) -> None:
    by_table: dict[str, list[tuple[Any, bytes]]] = {}
    for table, _, key, blob in _sealed(estate):
        by_table.setdefault(table, []).append((key, blob))
    for table, cells in by_table.items():
        for (key, _), (other, blob) in pairwise(cells):
            if key != other and isinstance(key, UUID):
                with pytest.raises(DoesNotOpen):
                    estate.database.keys.open(msgspec.Struct, table, key, blob)


@pytest.mark.parametrize(
    ("change", "who", "path"),
    [
        ("UPDATE users SET roles = '{owner}' WHERE roles = '{employee}'", "employee", "/settings/users"),
        ("UPDATE users SET person_id = gen_random_uuid() WHERE roles = '{app_owner}'", "app_owner", "/apps"),
        ("UPDATE sessions SET user_id = (SELECT id FROM users WHERE roles = '{owner}')", "employee", "/settings/users"),
        ("UPDATE sessions SET fresh_at = now() + interval '1 day'", "owner", "/settings/api-keys/new"),
    ],
)
def test_rights_that_were_changed_by_hand_in_the_database_admit_nobody(
    fresh: Estate, postgres: Server, change: str, who: str, path: str
) -> None:
    headers = fresh.headers(who)
    with postgres.connect("owner", "attacks_fresh") as connection:
        assert connection.execute(change).rowcount > 0
    assert fresh.ask(headers, "GET", path).is_refused_to_strangers


def test_a_user_who_was_reactivated_by_hand_is_not(fresh: Estate, postgres: Server) -> None:
    headers, key = fresh.headers("finance"), {"authorization": f"Bearer {fresh.key('it')}"}
    for role in ("finance", "it"):
        path = f"/settings/users/{fresh.known[role].id}/deactivation"
        assert fresh.ask("owner", "POST", path, form={}).status == 303
    with postgres.connect("owner", "attacks_fresh") as connection:
        connection.execute("UPDATE users SET status = 'active'")
        connection.execute("UPDATE api_keys SET revoked_at = NULL")
    assert fresh.ask(headers, "GET", "/apps").is_refused_to_strangers
    assert fresh.ask(key, "GET", "/api/v1/apps").status == 401


def test_scopes_and_ends_of_keys_that_were_changed_by_hand_admit_nobody(fresh: Estate, postgres: Server) -> None:
    for change in ("scopes = '{apps:read,trail:read}'", "expires_at = now() + interval '9 years'",
                   "user_id = (SELECT id FROM users WHERE roles = '{owner}')"):  # fmt: skip
        key = {"authorization": f"Bearer {fresh.key('it', ['apps:read'])}"}
        assert fresh.ask(key, "GET", "/api/v1/apps").status == 200
        with postgres.connect("owner", "attacks_fresh") as connection:
            connection.execute(f"UPDATE api_keys SET {change}")
        assert fresh.ask(key, "GET", "/api/v1/apps").status == 401, change

"""Ready means: the database answers at our migration, the data keys open; the vault alone only degrades."""

import os
import signal
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import readiness, vault
from app.core.actor import job_actor
from app.core.database import Database
from app.core.readiness import Readiness
from app.core.settings import Settings
from app.core.vault import StoredSecret
from migrations.run import head
from tests.conftest import MASTER
from tests.postgres import Server


@pytest.fixture
def ready(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Readiness:
    monkeypatch.setattr(readiness, "_GOOD_FOR", 0.0)
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text("stackwarden-key-1:" + urlsafe_b64encode(MASTER._secret).decode())
    return Readiness(Settings(data_dir=tmp_path / "data", key_file=key), database, head())


def test_an_installation_in_order_is_ready(ready: Readiness) -> None:
    assert ready() == "ok"


def test_a_database_of_another_version_is_not_ready(ready: Readiness, postgres: Server, database_name: str) -> None:
    with postgres.connect("owner", database_name) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert ready() == "unavailable"


def test_another_key_file_is_not_ready(ready: Readiness) -> None:
    ready._settings.key_file.write_text("stackwarden-key-1:" + urlsafe_b64encode(b"\x08" * 32).decode())
    assert ready() == "unavailable"


def test_a_credential_that_does_not_open_is_trouble_with_the_vault_alone(ready: Readiness, database: Database) -> None:
    with database.transaction() as db:
        vault.store(db, job_actor("tests"), "connection/x", "secret", label="x")
    assert ready() == "ok"
    with database.transaction() as db:
        db.run(sa.update(StoredSecret).values(version=2))
    assert ready() == "degraded"


def test_a_good_answer_is_good_for_a_moment_and_a_bad_one_is_not(
    ready: Readiness, postgres: Server, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_GOOD_FOR", 3600.0)
    with postgres.connect("owner", database_name) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        assert ready() == "unavailable"
        connection.execute("UPDATE alembic_version SET version_num = %s", [head()])
        assert ready() == "ok"
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        assert ready() == "ok"


def test_a_server_that_is_stopped_is_not_ready_and_is_again_once_it_goes_on(
    ready: Readiness, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, it neither answers nor refuses: whoever waits for it waits until it goes on."""
    monkeypatch.setattr(readiness, "PATIENCE", 0.5)
    ready._database.engine.dispose()  # so that a connection must be made
    postmaster = int((postgres.directory / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGSTOP)
    try:
        assert [ready(), ready()] == ["unavailable"] * 2
    finally:
        os.kill(postmaster, signal.SIGCONT)
    monkeypatch.setattr(readiness, "PATIENCE", 60.0)
    assert ready() == "ok"

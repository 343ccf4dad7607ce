"""The demonstration: the full counts, nobody who can sign in, and nothing when somebody is there already."""

from base64 import urlsafe_b64encode
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from app.access.models import Account
from app.apps.models import App
from app.core.database import Database
from app.core.settings import Settings
from app.demo import fill
from app.login.models import User
from app.people.models import Person
from tests.conftest import MASTER
from tests.postgres import Server


def _counts(database: Database) -> list[int]:
    with database.transaction() as db:
        return [db.value(sa.select(sa.func.count()).select_from(table)) for table in (Person, App, Account, User)]


def test_the_demonstration_has_its_full_counts_and_no_users(
    postgres: Server, database: Database, database_name: str, tmp_path: Path
) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(f"stackwarden-key-1:{urlsafe_b64encode(MASTER._secret).decode()}\n", "ascii")
    key_file.chmod(0o600)
    settings = Settings(
        data_dir=tmp_path / "data", key_file=key_file, database_url=SecretStr(postgres.url("app", database_name))
    )
    fill(settings)
    assert _counts(database) == [420, 130, 2600, 0]
    fill(settings)
    assert _counts(database) == [420, 130, 2600, 0]
    with database.transaction() as db:
        leavers = (
            sa.select(sa.func.count(sa.distinct(Account.person_id)))
            .join(Person, Person.id == Account.person_id)
            .where(Person.status == "left")
        )
        assert db.value(leavers) > 5

"""What happens one at a time waits for its like alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.connections import reconcile
from app.core.database import Database
from app.core.locks import Lock
from app.login import actions
from migrations import run
from tests.login.installation import Known


def test_no_two_locks_are_one() -> None:
    numbers = [run._LOCK, *(lock.value for lock in Lock)]
    assert len(set(numbers)) == len(numbers)


def test_a_user_is_changed_while_a_long_merge_runs(database: Database, owner: Known) -> None:
    def find() -> bool:
        with database.transaction() as db:
            db.run(sa.text("SET LOCAL lock_timeout = '2s'"))
            return actions.get_for_change(db, owner.id).id == owner.id

    with database.transaction() as db, ThreadPoolExecutor(1) as pool:
        db.value(sa.select(sa.func.pg_advisory_xact_lock(reconcile._ONE_AT_A_TIME)))
        assert pool.submit(find).result()


def test_changes_of_users_wait_for_each_other(database: Database, owner: Known) -> None:
    with database.transaction() as db, database.transaction() as other:
        actions.get_for_change(db, owner.id)
        other.run(sa.text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            actions.get_for_change(other, owner.id)

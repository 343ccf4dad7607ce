"""What happens one at a time waits for its like alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.connections import reconcile
from app.core.database import Database
from app.core.locks import Lock
from app.core.opening import PATIENCE
from app.login import actions
from migrations import run
from tests.login.installation import Known, make_app, make_user, start_session, with_session


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


def test_a_request_that_waits_too_long_for_a_lock_is_told_so(database: Database, owner: Known) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    hurried = Database(url, database.keys, patience=1)
    with database.transaction() as db:
        boss = with_session(make_app(hurried), start_session(db, owner))
        clerk = make_user(db, "clerk@example.com", "it")
    with database.transaction() as db:
        actions.get_for_change(db, clerk.id)
        answer = boss.post(f"/settings/users/{clerk.id}/deactivation", headers={"accept": "application/json"})
    hurried.close()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["detail"].startswith("Something else is changing the same thing")


def test_requests_are_given_ten_seconds_and_jobs_as_long_as_it_takes(database: Database) -> None:
    assert PATIENCE == 10
    with database.transaction() as db:
        assert db.value(sa.text("SHOW lock_timeout")) == "0"


def test_changes_of_users_wait_for_each_other(database: Database, owner: Known) -> None:
    with database.transaction() as db, database.transaction() as other:
        actions.get_for_change(db, owner.id)
        other.run(sa.text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            actions.get_for_change(other, owner.id)

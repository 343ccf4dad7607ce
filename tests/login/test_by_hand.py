"""What somebody gains who may write to the database and has no key: nothing that ended lives again, nothing lasts longer."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core import clock
from app.core.database import Database
from app.login import api_keys, attempts, recovery_codes, sessions, totp
from app.login.models import RecoveryCode, Session
from tests.login.installation import Browser, Known, later, start_session, with_session
from tests.login.test_api_keys import actor_of, call, key_of


def _set(database: Database, table: str, change: str) -> None:
    with database.transaction() as db:
        db.run(sa.text(f"UPDATE {table} SET {change}"))


def _columns(database: Database, table: str) -> set[str]:
    with database.transaction() as db:
        found = sa.text("SELECT column_name FROM information_schema.columns WHERE table_name = :name")
        return set(db.session.scalars(found, {"name": table}))


@pytest.mark.parametrize("change", ["revoked_at = NULL", "revoked_at = now() + interval '9 years'"])
def test_a_revoked_key_stays_revoked(app: FastAPI, database: Database, owner: Known, change: str) -> None:
    key = key_of(database, owner)
    with database.transaction() as db:
        api_keys.revoke(db, actor_of(owner, "owner"), owner.id, UUID(hex=key.split("_")[1]))
    _set(database, "api_keys", change)
    assert call(app, key) == 401


def test_a_key_that_was_altered_is_revoked_all_the_same_and_stays_altered(
    app: FastAPI, database: Database, owner: Known
) -> None:
    key = key_of(database, owner)
    _set(database, "api_keys", "scopes = '{people:read}'")
    with database.transaction() as db:
        assert api_keys.revoke_all(db, actor_of(owner, "owner"), owner.id, reason="Tests") == 1
        (listed,) = api_keys.list_keys(db, owner.id)
    assert (listed.state, listed.name) == ("Revoked", "(altered in the database)")
    assert call(app, key) == 401


def test_a_session_that_ended_is_no_row(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        secrets = [start_session(db, owner) for _ in range(3)]
        ids = list(db.session.scalars(sa.select(Session.id).order_by(Session.id)))
    me = with_session(app, secrets[0])
    assert me.post(f"/settings/sessions/{ids[1]}/end").status_code == 303
    assert me.post("/settings/sessions/others/end").status_code == 303
    with database.transaction() as db:
        assert list(db.session.scalars(sa.select(Session.id))) == ids[:1]
    assert me.post("/sign-out").status_code == 303
    with database.transaction() as db:
        assert db.value(sa.select(sa.func.count()).select_from(Session)) == 0


@pytest.mark.parametrize("column", ["started_at", "last_seen_at", "fresh_at"])
def test_no_moment_of_a_session_is_moved(app: FastAPI, database: Database, owner: Known, column: str) -> None:
    with database.transaction() as db:
        secret = start_session(db, owner)
    with later(hours=1, minutes=59):
        _set(database, "sessions", f"{column} = {column} + interval '1 hour'")
        assert with_session(app, secret).get("/").status_code == 303


def test_a_session_that_was_altered_is_shown_as_such_beside_the_others(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        mine, other = start_session(db, owner), start_session(db, owner)
        altered = Session.digest == sessions.tokens.digest(other)
        db.run(sa.update(Session).where(altered).values(fresh_at=clock.now() + timedelta(minutes=1)))
    assert "altered in the database" in with_session(app, mine).get("/settings/sessions").text


def test_a_session_that_is_seen_stays_whole_and_a_new_secret_is_not_overwritten(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        secret = start_session(db, owner)
    browser = with_session(app, secret)
    for minutes in (2, 4, 6):
        with later(minutes=minutes):
            assert browser.get("/").status_code == 200
    with later(minutes=16):
        assert browser.submit("/step-up", code=owner.code(), next="/").status_code == 303
        assert browser.get("/").status_code == 200
        assert with_session(app, secret).get("/").status_code == 303


def test_a_sign_in_that_is_over_takes_no_code(app: FastAPI, database: Database, owner: Known) -> None:
    browser = Browser(app)
    browser.give_password(owner.email)
    cookie = browser.cookies[attempts.COOKIE]
    for _ in range(attempts.MOST_WRONG):
        browser.submit("/sign-in/code", code="000000")
    _set(database, "attempts", "tries = 0")
    browser.have(attempts.COOKIE, cookie)
    assert browser.submit("/sign-in/code", code=owner.code()).status_code == 422
    assert browser.get("/").status_code == 303


def test_a_sign_in_that_was_finished_is_not_opened_again(app: FastAPI, database: Database, owner: Known) -> None:
    browser = Browser(app)
    browser.give_password(owner.email)
    cookie = browser.cookies[attempts.COOKIE]
    assert browser.submit("/sign-in/code", code=owner.code()).status_code == 303
    _set(database, "attempts", "ended_at = NULL")
    second = Browser(app)
    second.have(attempts.COOKIE, cookie)
    with later(seconds=31):
        assert second.submit("/sign-in/code", code=owner.code()).status_code == 422


def test_a_recovery_code_that_was_used_is_no_row(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        codes = recovery_codes.renew(db, owner.id)
        assert recovery_codes.spend(db, owner.id, codes[0])
        assert db.value(sa.select(sa.func.count()).select_from(RecoveryCode)) == 9
    assert "used_at" not in _columns(database, "recovery_codes")


def test_the_newest_step_of_an_authenticator_is_no_plain_column(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        assert totp.spend(db, owner.id, owner.code())
    assert _columns(database, "totp") == {"user_id", "credential", "confirmed_at"}
    with database.transaction() as db:
        assert not totp.spend(db, owner.id, owner.code())

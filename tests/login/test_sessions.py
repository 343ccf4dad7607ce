"""Sessions: what ends them, that it is at once, whose they are, and what a copied or altered one is worth."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core import clock
from app.core.actor import Actor
from app.core.database import Database
from app.core.identifiers import new_id
from app.login import actions, sessions, step_up, throttle
from app.login.models import Session, Throttle, User
from app.login.outcomes import Failed
from tests.login.installation import Browser, Known, events, later, make_user, start_session, with_session


@pytest.fixture
def secret(database: Database, owner: Known) -> str:
    with database.transaction() as db:
        return start_session(db, owner)


def _works(app: FastAPI, secret: str) -> bool:
    return with_session(app, secret).get("/").status_code == 200


def test_a_session_ends_after_two_hours_without_a_request(app: FastAPI, secret: str) -> None:
    with later(hours=1, minutes=59):
        assert _works(app, secret)
    with later(hours=3, minutes=58):
        assert _works(app, secret)
    with later(hours=5, minutes=59):
        assert not _works(app, secret)


def test_a_session_ends_after_twelve_hours_however_busy(app: FastAPI, secret: str) -> None:
    for hours in range(1, 12):
        with later(hours=hours):
            assert _works(app, secret)
    with later(hours=12, seconds=1):
        assert not _works(app, secret)


def test_being_seen_is_written_at_most_once_a_minute(app: FastAPI, secret: str, database: Database) -> None:
    def seen() -> object:
        with database.transaction() as db:
            return db.value(sa.select(Session.last_seen_at))

    before = seen()
    with later(seconds=59):
        assert _works(app, secret)
        assert seen() == before
    with later(seconds=62):
        assert _works(app, secret)
        assert seen() != before


def test_two_session_cookies_are_refused(app: FastAPI, secret: str) -> None:
    for cookies in (
        f"{sessions.COOKIE}={secret}; {sessions.COOKIE}=other",
        f"{sessions.COOKIE}=other; {sessions.COOKIE}={secret}",
    ):
        answer = Browser(app).get("/", headers={"cookie": cookies})
        assert answer.status_code in {303, 400}
        assert "who" not in answer.text


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "\x7f" * 20, "x" * 4000])
def test_a_made_up_session_is_a_stranger(app: FastAPI, owner: Known, value: str) -> None:
    answer = Browser(app).get("/", headers={"cookie": f"{sessions.COOKIE}={value}"})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"started_at": clock.now() + timedelta(days=1)},
        {"fresh_at": clock.now() + timedelta(days=1)},
        {"digest": b"\1" * 32},
        {"user_id": "other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_session_altered_in_the_database_signs_nobody_in(
    app: FastAPI, owner: Known, secret: str, database: Database, change: dict[str, object]
) -> None:
    with database.transaction() as db:
        if "user_id" in change:
            change = {"user_id": make_user(db, "bob@example.com", "auditor").id}
        if "digest" in change:
            secret = "planted"
            change = {"digest": sessions.tokens.digest(secret)}
        db.run(sa.update(Session).values(**change))
    assert not _works(app, secret)


def test_a_role_given_by_hand_in_the_database_signs_the_user_out(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        secret = start_session(db, clerk)
    assert _works(app, secret)
    with database.transaction() as db:
        db.run(sa.update(User).where(User.id == clerk.id).values(roles=["owner"]))
    assert not _works(app, secret)


def test_nobody_ends_a_session_of_somebody_else_by_its_id(
    app: FastAPI, owner: Known, secret: str, database: Database
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        theirs = with_session(app, start_session(db, clerk))
        session_id = db.value(sa.select(Session.id).where(Session.user_id == owner.id))
    assert theirs.post(f"/settings/sessions/{session_id}/end").status_code == 404
    assert theirs.post(f"/settings/sessions/{uuid4()}/end").status_code == 404
    assert _works(app, secret)


def test_ending_one_or_all_others_is_effective_at_once(
    app: FastAPI, owner: Known, secret: str, database: Database
) -> None:
    with database.transaction() as db:
        others = [start_session(db, owner, ip=f"198.51.100.{number}") for number in range(3)]
        ids = [row.id for row in db.rows(sa.select(Session.id).order_by(Session.id))]
    me = with_session(app, secret)
    page = me.get("/settings/sessions").text
    assert "198.51.100.2" in page
    assert "This one" in page
    assert me.post(f"/settings/sessions/{ids[1]}/end").headers["location"] == "/settings/sessions"
    assert [_works(app, other) for other in others] == [False, True, True]
    assert me.post("/settings/sessions/others/end").status_code == 303
    assert [_works(app, other) for other in others] == [False, False, False]
    assert _works(app, secret)
    assert len(events(database, "session.ended")) == 2


def test_the_twenty_first_session_ends_the_oldest(app: FastAPI, owner: Known, secret: str, database: Database) -> None:
    with database.transaction() as db:
        newer = [start_session(db, owner) for _ in range(sessions.MOST)]
    assert not _works(app, secret)
    assert _works(app, newer[0])
    assert _works(app, newer[-1])
    assert [facts.reason for _, facts in events(database, "session.ended")] == [
        f"More than {sessions.MOST} sessions: the oldest ended"
    ]


def test_a_deactivated_owner_is_out_at_the_next_request(
    app: FastAPI, owner: Known, secret: str, database: Database
) -> None:
    with database.transaction() as db:
        second = make_user(db, "second@example.com", "owner")
        boss = with_session(app, start_session(db, second))
    assert _works(app, secret)
    assert boss.post(f"/settings/users/{owner.id}/deactivation").status_code == 303
    assert not _works(app, secret)
    assert Browser(app).give_password(owner.email).status_code == 422


def test_a_changed_role_ends_the_users_sessions(app: FastAPI, owner: Known, secret: str, database: Database) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "it")
        theirs = start_session(db, clerk)
    answer = with_session(app, secret).submit(f"/settings/users/{clerk.id}/profile", name="Clerk", roles="employee")
    assert answer.status_code == 303
    assert not _works(app, theirs)


def test_an_act_that_asks_for_a_fresh_code_leads_to_the_question_and_back(
    app: FastAPI, owner: Known, secret: str
) -> None:
    me = with_session(app, secret)
    assert me.get("/settings/api-keys/new").status_code == 200
    with later(minutes=15, seconds=1):
        asked = me.get("/settings/api-keys/new")
        assert asked.headers["location"] == "/step-up?next=/settings/api-keys/new"
        sent = me.post(
            "/settings/api-keys",
            data={"name": "x"},
            headers={"referer": "https://stackwarden.example.com/settings/api-keys/new"},
        )
        assert sent.headers["location"] == "/step-up?next=/settings/api-keys/new"
        assert me.get(asked.headers["location"]).status_code == 200
        done = me.submit("/step-up", code=owner.code(), next="/settings/api-keys/new")
        assert done.headers["location"] == "/settings/api-keys/new"
        assert me.get("/settings/api-keys/new").status_code == 200
        assert me.cookies[sessions.COOKIE] != secret
        assert not _works(app, secret), "the old secret is dead after the elevation"


def test_a_step_up_leads_nowhere_else_and_takes_no_code_twice(
    app: FastAPI, owner: Known, secret: str, database: Database
) -> None:
    me = with_session(app, secret)
    code = owner.code()
    assert me.submit("/step-up", code=code, next="//evil.example").headers["location"] == "/"
    assert me.submit("/step-up", code=code).status_code == 422
    outcomes = [(row.outcome, row.method) for row, _ in events(database, "login.step_up")]
    assert outcomes == [("success", "totp"), ("failure", "totp")]


def test_five_wrong_codes_end_the_session(app: FastAPI, owner: Known, secret: str) -> None:
    me = with_session(app, secret)
    answers = [me.submit("/step-up", code="000000").status_code for _ in range(throttle.STEP_UPS)]
    assert answers == [422] * throttle.STEP_UPS
    assert not _works(app, secret)


def test_a_wrong_code_is_remembered_though_another_one_has_just_ended_the_session(
    database: Database, owner: Known, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as db:
        session_id = db.value(sa.select(Session.id))
    me = Actor("user", owner.email, id=owner.id, user_id=owner.id, session_id=session_id)
    for _ in range(throttle.STEP_UPS - 1):
        with database.transaction() as db:
            assert isinstance(step_up.with_code(db, me, "000000"), Failed)
    both, wait = Barrier(2), throttle.wait

    def wait_for_both(*args: Any) -> int:
        seconds = wait(*args)
        both.wait()
        return seconds

    monkeypatch.setattr(throttle, "wait", wait_for_both)

    def give(_: int) -> bool:
        with database.transaction() as db:
            return isinstance(step_up.with_code(db, me, "000000"), Failed)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(give, range(2))) == [True, True]
    assert len(events(database, "login.step_up")) == throttle.STEP_UPS + 1
    with database.transaction() as db:
        failures = db.session.scalars(sa.select(Throttle.failures)).all()
        assert set(failures) == {throttle.STEP_UPS + 1}
        assert db.value(sa.select(sa.func.count()).select_from(Session)) == 0


def test_a_right_code_after_the_session_ended_is_an_event_and_no_session(
    database: Database, owner: Known, secret: str
) -> None:
    with database.transaction() as db:
        me = Actor("user", owner.email, id=owner.id, user_id=owner.id, session_id=db.value(sa.select(Session.id)))
        sessions.end_all(db, me, owner.id, reason="Tests")
        assert isinstance(step_up.with_code(db, me, owner.code()), Failed)
    assert [row.outcome for row, _ in events(database, "login.step_up")] == ["failure"]


def test_an_administrator_ends_all_sessions_of_a_user(
    app: FastAPI, owner: Known, secret: str, database: Database
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "it")
        theirs = start_session(db, clerk)
    assert with_session(app, secret).post(f"/settings/users/{clerk.id}/session-end").status_code == 303
    assert not _works(app, theirs)


def test_old_rows_are_forgotten(database: Database, owner: Known, secret: str) -> None:
    from app.core.idempotency import IdempotencyKey
    from app.core.jobs import Runtime
    from app.login.jobs import forget

    with database.transaction() as db:
        mac = b"\0" * 32
        key = {"actor_id": owner.id, "route": "POST /", "key_mac": mac, "request_mac": mac, "created_at": clock.now()}
        db.run(sa.insert(IdempotencyKey).values(id=new_id(), **key))
    with later(days=3):
        forget.run(Runtime(settings=None, database=database))  # type: ignore[arg-type]
    with database.transaction() as db:
        assert db.value(sa.select(sa.func.count()).select_from(Session)) == 0
        assert db.value(sa.select(sa.func.count()).select_from(IdempotencyKey)) == 0
        assert actions.get_for_change(db, owner.id)

"""Users: nobody gives more than they have, the last owner stays, own factors change with a fresh code."""

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core.actor import Actor
from app.core.database import Database
from app.core.errors import Refusal
from app.core.identifiers import new_id
from app.core.permissions import ROLES, permissions_of, rows_of
from app.login import actions, attempts, passwords, queries, sessions, throttle, totp
from app.login.models import User, email_index
from app.people.users import link_users
from tests.builders import make_person
from tests.login.installation import (
    PASSWORD,
    PERSON,
    Browser,
    Known,
    events,
    later,
    make_user,
    seed_on,
    start_session,
    with_session,
)


@pytest.fixture
def boss(app: FastAPI, database: Database, owner: Known) -> Browser:
    with database.transaction() as db:
        return with_session(app, start_session(db, owner))


def as_role(app: FastAPI, database: Database, role: str) -> Browser:
    with database.transaction() as db:
        return with_session(app, start_session(db, make_user(db, f"{role}@example.com", role)))


def actor_of(user: Known, *roles: str) -> Actor:
    return Actor(
        "user",
        user.email,
        id=user.id,
        user_id=user.id,
        roles=roles,
        permissions=permissions_of(roles),
        rows=rows_of(roles),
    )


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"owner", "administrator"}))
def test_only_owners_and_administrators_change_users(app: FastAPI, database: Database, owner: Known, role: str) -> None:
    browser = as_role(app, database, role)
    assert browser.get("/settings/users").status_code == (200 if "users:read" in ROLES[role].permissions else 403)
    assert browser.get("/settings/users/new").status_code == 403
    assert browser.submit("/settings/users", name="X", email="x@example.com", roles="employee").status_code == 403
    for act in ("profile", "deactivation", "reactivation", "invitation", "factor-reset", "session-end"):
        assert browser.submit(f"/settings/users/{owner.id}/{act}", name="X", roles="employee").status_code == 403
    with database.transaction() as db:
        assert queries.find_user_by_email(db, "x@example.com") is None


def test_an_administrator_neither_makes_nor_touches_an_owner(app: FastAPI, database: Database, owner: Known) -> None:
    browser = as_role(app, database, "administrator")
    assert 'value="owner"' not in browser.get("/settings/users/new").text
    assert browser.submit("/settings/users", name="X", email="x@example.com", roles="owner").status_code == 403
    for act in ("profile", "deactivation", "invitation", "factor-reset", "session-end"):
        assert browser.submit(f"/settings/users/{owner.id}/{act}", name="X", roles="employee").status_code == 403
    with database.transaction() as db:
        assert queries.get_user(db, owner.id).has_password
        clerk = make_user(db, "clerk@example.com", "employee")
    raised = browser.submit(f"/settings/users/{clerk.id}/profile", name="X", roles=["employee", "owner"])
    assert raised.status_code == 403


def test_nobody_gives_a_role_that_may_do_or_see_more_than_theirs(db: object) -> None:
    someone = Actor("user", "x", roles=("it",), permissions=permissions_of(["it"]), rows=rows_of(["it"]))
    for role in ("owner", "administrator", "security", "auditor"):
        with pytest.raises(Refusal):
            actions.require_may_grant(someone, [role])
    actions.require_may_grant(someone, ["it", "employee"])
    narrow = Actor("user", "x", roles=("app_owner",), permissions=permissions_of(["it"]), rows=rows_of(["app_owner"]))
    with pytest.raises(Refusal):
        actions.require_may_grant(narrow, ["it"])


def test_the_last_owner_who_can_sign_in_stays_an_owner(boss: Browser, owner: Known, database: Database) -> None:
    with database.transaction() as db:
        make_user(db, "invited@example.com", "owner", password=None, enrolled=False)
    assert boss.post(f"/settings/users/{owner.id}/deactivation").status_code == 409
    answer = boss.submit(f"/settings/users/{owner.id}/profile", name="Ada", roles="auditor")
    assert answer.status_code == 422
    assert "last owner" in answer.text
    with database.transaction() as db:
        assert queries.get_user(db, owner.id).roles == ("owner",)
        make_user(db, "second@example.com", "owner")
    assert boss.submit(f"/settings/users/{owner.id}/profile", name="Ada", roles="auditor").status_code == 303


def test_two_owners_who_remove_each_other_at_once_leave_one(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        second = make_user(db, "second@example.com", "owner")

    def remove(pair: tuple[Known, Known]) -> None:
        with database.transaction() as db:
            actions.deactivate(db, actor_of(pair[0], "owner"), actions.get_for_change(db, pair[1].id))

    def attempt(pair: tuple[Known, Known]) -> bool:
        try:
            remove(pair)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, [(owner, second), (second, owner)])) == [False, True]
    with database.transaction() as db:
        assert sorted(user.status for user in queries.list_users(db, role="owner")) == ["active", "deactivated"]


def test_nobody_deactivates_or_resets_themselves(boss: Browser, owner: Known, database: Database) -> None:
    with database.transaction() as db:
        make_user(db, "second@example.com", "owner")
    for act in ("deactivation", "factor-reset", "invitation"):
        assert boss.post(f"/settings/users/{owner.id}/{act}").status_code == 409


def test_a_user_that_does_not_exist_is_not_found(boss: Browser) -> None:
    assert boss.get(f"/settings/users/{new_id()}").status_code == 404
    assert boss.post(f"/settings/users/{new_id()}/deactivation").status_code == 404


def test_wrong_input_is_said_beside_what_was_typed(boss: Browser, owner: Known) -> None:
    for wrong in ({"email": "ADA@example.com"}, {"email": "x"}, {"roles": []}, {"roles": "king"}, {"name": ""}):
        fields = {"name": "Grace <b>Hopper", "email": "grace@example.com", "roles": "it", **wrong}
        answer = boss.submit("/settings/users", **fields)
        assert answer.status_code == 422, wrong
        assert "There is a problem" in answer.text
        if "name" not in wrong:
            assert "Grace &lt;b&gt;Hopper" in answer.text


def test_the_list_filters_pages_and_shows_no_credential(boss: Browser, database: Database) -> None:
    with database.transaction() as db:
        seeds = [
            make_user(db, f"user{number:02}@example.com", "employee", name=f"User {number:02}").seed
            for number in range(52)
        ]
    first = boss.get("/settings/users").text
    assert "of 53" in first
    assert "User 51" not in first
    assert "User 51" in boss.get("/settings/users?cursor=50").text
    assert boss.get("/settings/users?q=user+07").text.count('scope="row"') == 1
    assert "Ada Byron" in boss.get("/settings/users?role=owner").text
    assert "No users match" in boss.get("/settings/users?status=deactivated").text
    assert not any(seed in first for seed in seeds)
    assert "argon2" not in first


def test_a_new_user_is_the_person_who_bears_their_address(boss: Browser, database: Database) -> None:
    assert boss.submit("/settings/users", name="P", email="person@example.com", roles="employee").status_code == 200
    with database.transaction() as db:
        found = queries.find_user_by_email(db, "person@example.com")
        assert found is not None
        assert found.person_id == PERSON


def test_a_user_is_linked_to_the_person_with_the_same_address(database: Database, owner: Known) -> None:
    person = new_id()
    with database.transaction() as db:
        assert actions.link_person(db, email_index(db, "ADA@example.com"), person)
        assert not actions.link_person(db, email_index(db, "nobody@example.com"), person)
    with database.transaction() as db:
        assert queries.get_user(db, owner.id).person_id == person
        assert queries.labels_of(db, [owner.id]) == {owner.id: "Ada Byron"}
    assert events(database, "user.changed")[0][1].actor == "login.link_person"


def test_a_user_altered_by_hand_stops_nobody_from_being_linked(boss: Browser, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        for email in ("ada@example.com", "clerk@example.com"):
            make_person(db, email=email)
        db.run(sa.update(User).where(User.id == clerk.id).values(person_id=new_id()))
    with database.transaction() as db:
        assert link_users(db) == 1
        assert link_users(db) == 0
        assert queries.get_user(db, owner.id).person_id is not None
    assert "altered in the database" in boss.get("/settings/users").text


def test_own_password_authenticator_and_codes_are_changed_with_a_fresh_code_only(
    app: FastAPI, boss: Browser, owner: Known, database: Database
) -> None:
    with database.transaction() as db:
        elsewhere = with_session(app, start_session(db, owner))
    paths = ("password", "authenticator", "recovery-codes")
    with later(minutes=16):
        for path in paths:
            assert boss.get(f"/settings/security/{path}").headers["location"].startswith("/step-up")
            assert boss.submit(f"/settings/security/{path}", code="1").headers["location"].startswith("/step-up")
    page = "/settings/security/password"
    new = "twelve copper lanterns glow"
    assert boss.submit(page, current="wrong", new=new).status_code == 422
    assert boss.submit(page, current=PASSWORD, new="short").status_code == 422
    assert boss.submit(page, new=new).status_code == 422
    assert boss.submit(page, current=PASSWORD, new=new).status_code == 303
    assert elsewhere.get("/").status_code == 303
    assert boss.get("/").status_code == 200
    assert Browser(app).give_password(owner.email).status_code == 422
    assert Browser(app).give_password(owner.email, new).status_code == 303
    seed = seed_on(boss.get("/settings/security/authenticator").text)
    assert boss.submit("/settings/security/authenticator", code="000000").status_code == 422
    with database.transaction() as db:
        assert totp.spend(db, owner.id, owner.code()), "the present one works until the new one is confirmed"
    code = pyotp.TOTP(seed).generate_otp(totp.present_step())
    assert boss.submit("/settings/security/authenticator", code=code).status_code == 303
    with database.transaction() as db:
        assert not totp.spend(db, owner.id, owner.code(step=1))
        assert totp.spend(db, owner.id, pyotp.TOTP(seed).generate_otp(totp.present_step() + 1))
    assert boss.get("/settings/security/recovery-codes").status_code == 200
    assert boss.post("/settings/security/recovery-codes").text.count("<li><code>") == 10
    assert "10" in boss.get("/settings/security").text


def test_a_wrong_present_password_is_an_event_and_five_end_the_session(
    app: FastAPI, boss: Browser, database: Database
) -> None:
    page, new = "/settings/security/password", "twelve copper lanterns glow"
    cookie = boss.cookies[sessions.COOKIE]
    for _ in range(throttle.STEP_UPS - 1):
        answer = boss.submit(page, current="wrong", new=new)
        assert answer.status_code == 422
        assert "not your present password" in answer.text
    assert attempts.START_AGAIN in boss.submit(page, current="wrong", new=new).text
    found = events(database, "login.step_up")
    assert [(row.outcome, row.method) for row, _ in found] == [("failure", "password")] * throttle.STEP_UPS
    assert with_session(app, cookie).get("/").status_code == 303


def test_a_user_altered_by_hand_is_shown_as_such_and_never_sealed_again(boss: Browser, database: Database) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        db.run(sa.update(User).where(User.id == clerk.id).values(roles=["owner"]))
    assert "altered in the database" in boss.get("/settings/users").text
    for act in ("profile", "deactivation", "factor-reset"):
        assert boss.submit(f"/settings/users/{clerk.id}/{act}", name="X", roles="employee").status_code == 409


def test_what_is_stored_of_a_user_says_nothing_of_them(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        stored = repr(db.rows(sa.select(*User.__table__.columns)))
        assert passwords.find_hash(db, owner.id)
    assert "Ada" not in stored
    assert "ada@example" not in stored

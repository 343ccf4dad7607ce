"""Links by which users set a password: good once, for a while, for one user; never past the authenticator."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pyotp
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core.actor import Actor
from app.core.database import Database, Db
from app.core.permissions import permissions_of, rows_of
from app.login import actions, api_keys, invitations, passwords, totp
from app.login.models import Attempt, Invitation, User
from tests.login.installation import (
    ORIGIN,
    PASSWORD,
    ROOT,
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


def test_an_invited_user_chooses_a_password_enrols_and_the_link_is_dead(
    app: FastAPI, boss: Browser, database: Database
) -> None:
    shown = boss.submit("/settings/users", name="Grace Hopper", email="grace@example.com", roles=["it", "auditor"])
    link = _link(shown.text)
    guest = Browser(app)
    opened = guest.get(link)
    assert opened.headers["location"] == "/invitation"
    assert opened.headers["referrer-policy"] == "no-referrer"
    assert "grace@example.com" in guest.get("/invitation").text
    for bad in ("short", "GraceHopper2026!"):
        assert guest.submit("/invitation", password=bad).status_code == 422
    chosen = guest.submit("/invitation", password="twelve copper lanterns glow")
    assert chosen.headers["location"] == "/sign-in/authenticator"
    assert guest.get("/").status_code == 303
    seed = seed_on(guest.get("/sign-in/authenticator").text)
    code = pyotp.TOTP(seed).generate_otp(totp.present_step())
    assert guest.submit("/sign-in/authenticator", code=code).status_code == 200
    assert guest.get("/").json() == {"who": "grace@example.com"}
    second = Browser(app)
    second.get(link)
    assert second.get("/invitation").status_code == 404
    assert second.submit("/invitation", password="twelve copper lanterns glow").status_code == 404
    assert len(events(database, "invitation.used")) == 1


def test_a_link_that_is_old_replaced_altered_or_of_a_deactivated_user_is_no_good(
    app: FastAPI, database: Database, owner: Known
) -> None:
    me = actor_of(owner, "owner")
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee", password=None, enrolled=False)
        row = actions.get_for_change(db, clerk.id)
        first, second = (invitations.issue(db, me, row).split("=")[1] for _ in range(2))
        assert invitations.find_invited(db, first) is None
        assert invitations.find_invited(db, second) is not None
        assert invitations.find_invited(db, owner.id.hex + second[32:]) is None
        for junk in ("", "x", "0" * 32, second[:-1], second + "x"):
            assert invitations.find_invited(db, junk) is None
    with later(hours=72, seconds=1), database.transaction() as db:
        assert invitations.find_invited(db, second) is None
    with database.transaction() as db:
        db.run(sa.update(Invitation).values(expires_at=sa.text("expires_at + interval '1 year'")))
        assert invitations.find_invited(db, second) is None
        db.run(sa.update(Invitation).values(expires_at=sa.text("expires_at - interval '1 year'")))
        assert invitations.find_invited(db, second) is not None
        db.run(sa.update(Invitation).values(user_id=owner.id))
        assert invitations.find_invited(db, owner.id.hex + second[32:]) is None
        db.run(sa.update(Invitation).values(user_id=clerk.id))
        actions.deactivate(db, me, actions.get_for_change(db, clerk.id))
        assert invitations.find_invited(db, second) is None


def test_of_ten_equal_uses_of_a_link_one_sets_the_password(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee", password=None, enrolled=False)
        token = invitations.issue(db, actor_of(owner, "owner"), actions.get_for_change(db, clerk.id)).split("=")[1]

    def use(number: int) -> bool:
        with database.transaction() as db:
            return invitations.accept(db, ROOT, token, password=f"seven green kettles {number}") is not None

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(use, range(5))).count(True) == 1


def test_a_password_link_keeps_the_authenticator(app: FastAPI, boss: Browser, database: Database) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
    link = _link(boss.post(f"/settings/users/{clerk.id}/invitation").text)
    Browser(app).sign_in(clerk)
    guest = Browser(app)
    guest.get(link)
    assert guest.submit("/invitation", password="twelve copper lanterns glow").headers["location"] == "/sign-in/code"
    assert guest.get("/").status_code == 303
    with later(seconds=31):
        assert guest.submit("/sign-in/code", code=clerk.code()).status_code == 303


def test_reset_factors_are_gone_at_once(app: FastAPI, boss: Browser, database: Database) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
    theirs = Browser(app).sign_in(clerk)
    link = _link(boss.post(f"/settings/users/{clerk.id}/factor-reset").text)
    assert theirs.get("/").status_code == 303
    assert Browser(app).give_password(clerk.email).status_code == 422
    guest = Browser(app)
    guest.get(link)
    chosen = guest.submit("/invitation", password="twelve copper lanterns glow")
    assert chosen.headers["location"] == "/sign-in/authenticator"
    assert len(events(database, "factors.reset")) == 1


def test_reset_factors_take_the_keys_that_were_made_with_them(
    app: FastAPI, boss: Browser, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        key = api_keys.mint(db, actor_of(clerk, "employee"), name="Reporting", scopes=("apps:read",))
    headers = {"authorization": f"Bearer {key}"}
    assert Browser(app).get("/api/v1/apps", headers=headers).status_code == 200
    boss.post(f"/settings/users/{clerk.id}/factor-reset")
    assert Browser(app).get("/api/v1/apps", headers=headers).status_code == 401
    assert len(events(database, "api_key.revoked")) == 1


def test_an_administrator_sees_and_ends_the_keys_of_others(
    app: FastAPI, boss: Browser, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        admin = make_user(db, "admin@example.com", "administrator")
        theirs, own = (
            api_keys.mint(db, actor_of(user, "employee"), name=f"Reporting of {user.email}", scopes=("apps:read",))
            for user in (clerk, owner)
        )
        helper = with_session(app, start_session(db, admin))
    numbers = [UUID(hex=key.split("_")[1]) for key in (theirs, own)]
    assert "Reporting of clerk@example.com" in helper.get(f"/settings/users/{clerk.id}").text
    assert "Reporting of" not in helper.get(f"/settings/users/{owner.id}").text
    assert helper.post(f"/settings/users/{owner.id}/api-keys/{numbers[1]}/revocation").status_code == 403
    assert helper.post(f"/settings/users/{clerk.id}/api-keys/{numbers[1]}/revocation").status_code == 404
    headers = {"authorization": f"Bearer {theirs}"}
    assert Browser(app).get("/api/v1/apps", headers=headers).status_code == 200
    assert helper.post(f"/settings/users/{clerk.id}/api-keys/{numbers[0]}/revocation").status_code == 303
    assert Browser(app).get("/api/v1/apps", headers=headers).status_code == 401
    assert Browser(app).get("/api/v1/apps", headers={"authorization": f"Bearer {own}"}).status_code == 200


@pytest.mark.parametrize("how", ["deactivated", "new password"])
def test_a_link_that_waits_is_dead_after_what_makes_it_needless(
    app: FastAPI, database: Database, owner: Known, how: str
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        token = invitations.issue(db, actor_of(owner, "owner"), actions.get_for_change(db, clerk.id)).split("=")[1]
        me = with_session(app, start_session(db, clerk))
        assert invitations.find_invited(db, token) is not None
    if how == "new password":
        new = "twelve copper lanterns glow"
        assert me.submit("/settings/security/password", current=PASSWORD, new=new).status_code == 303
    else:
        with database.transaction() as db:
            actions.deactivate(db, actor_of(owner, "owner"), actions.get_for_change(db, clerk.id))
            actions.reactivate(db, actor_of(owner, "owner"), actions.get_for_change(db, clerk.id))
    with database.transaction() as db:
        assert invitations.find_invited(db, token) is None


HALF_DONE: dict[str, Callable[[Db, Actor, User], object]] = {
    "factors reset": invitations.reset_factors,
    "password set by a link": lambda db, me, user: invitations.accept(
        db, ROOT, invitations.issue(db, me, user).split("=")[1], password="twelve copper lanterns glow"
    ),
    "deactivated and reactivated": lambda db, me, user: (
        actions.deactivate(db, me, user), actions.reactivate(db, me, user)
    ),
    "roles changed": lambda db, me, user: actions.change_roles(db, me, user, roles=["auditor"]),
}  # fmt: skip


@pytest.mark.parametrize("how", HALF_DONE)
@pytest.mark.parametrize("enrolled", [False, True])
def test_a_sign_in_in_progress_ends_with_what_ends_the_sessions(
    app: FastAPI, database: Database, owner: Known, how: str, enrolled: bool
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee", enrolled=enrolled)
    thief = Browser(app)
    step = thief.give_password(clerk.email).headers["location"]
    seed = clerk.seed or seed_on(thief.get(step).text)
    with database.transaction() as db:
        HALF_DONE[how](db, actor_of(owner, "owner"), actions.get_for_change(db, clerk.id))
    assert thief.submit(step, code=pyotp.TOTP(seed).generate_otp(totp.present_step())).status_code == 422
    assert thief.get("/").status_code == 303
    assert events(database, "login.second_factor")[-1][1].username == clerk.email


def test_a_sign_in_in_progress_ends_with_a_new_password(app: FastAPI, database: Database, owner: Known) -> None:
    thief = Browser(app)
    thief.give_password(owner.email)
    with database.transaction() as db:
        me = with_session(app, start_session(db, owner))
    answer = me.submit("/settings/security/password", current=PASSWORD, new="twelve copper lanterns glow")
    assert answer.status_code == 303
    assert thief.submit("/sign-in/code", code=owner.code()).status_code == 422
    assert me.get("/").status_code == 200


def test_no_sign_in_begins_with_a_password_that_was_taken_away_while_it_was_looked_at(
    app: FastAPI, database: Database, owner: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
    verify = passwords.verify

    def slow(stored: str | None, password: str) -> bool:
        right = verify(stored, password)
        with database.transaction() as other:
            invitations.reset_factors(other, actor_of(owner, "owner"), actions.get_for_change(other, clerk.id))
        return right

    monkeypatch.setattr(passwords, "verify", slow)
    assert Browser(app).give_password(clerk.email).status_code == 422
    with database.transaction() as db:
        assert db.value(sa.select(sa.func.count()).select_from(Attempt)) == 0


def _link(page: str) -> str:
    found = re.search(rf"{ORIGIN}(/invitation\?token=[\w-]+)", page)
    assert found, page
    return found[1]

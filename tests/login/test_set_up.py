"""The first run: one link, one hour, one owner; nothing is open before and the link is dead after."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core import tokens
from app.core.actor import Actor, anonymous
from app.core.audit import Event, Subject, record
from app.core.database import Database
from app.core.errors import Refusal, StartRefused
from app.login import queries, sessions, set_up, set_up_sessions, setup_link, totp
from app.login.models import OwnerDraft, SetUpLink, SetUpSession, User
from app.organisation.queries import get_organisation
from tests.login.installation import ORIGIN, PASSWORD, Browser, Known, events, hashed, later, seed_on, with_session

ORGANISATION = {"name": "Marlow & Finch", "time_zone": "Europe/London", "currency": "GBP", "fiscal_year_start": "4"}
OWNER = {"name": "Ada Byron", "email": "ada@example.com", "password": PASSWORD}


def _link(database: Database) -> str:
    with database.transaction() as db:
        link = setup_link.ensure_in(db, ORIGIN)
    assert link is not None
    assert re.fullmatch(rf"{ORIGIN}/set-up\?token=[\w-]{{43}}", link)
    return link.removeprefix(ORIGIN)


def _in_set_up(app: FastAPI, database: Database) -> Browser:
    browser = Browser(app)
    assert browser.get(_link(database)).status_code == 303
    return browser


def test_nothing_is_open_before_the_link_is_used(app: FastAPI, browser: Browser, database: Database) -> None:
    _link(database)
    for path in ("/set-up/organisation", "/set-up/owner", "/set-up/authenticator"):
        assert browser.get(path).status_code == 404
        assert browser.submit(path, **ORGANISATION).status_code == 404
    assert browser.get("/settings/users").status_code == 303
    assert browser.give_password("admin@example.com", "admin").status_code == 422
    assert "not set up yet" in browser.get("/sign-in").text


def test_a_link_that_is_wrong_used_replaced_or_old_is_no_good(app: FastAPI, database: Database) -> None:
    first = _link(database)
    second = _link(database)
    for token in (first, "/set-up?token=wrong", "/set-up", second[:-1]):
        assert Browser(app).get(token).status_code == 404
    with later(hours=1, seconds=1):
        assert Browser(app).get(second).status_code == 404
    opener = Browser(app)
    assert opener.get(second).headers["location"] == "/set-up/organisation"
    assert opener.get(second).status_code == 303, "the browser that opened it goes on"
    assert Browser(app).get(second).status_code == 404
    outcomes = [row.outcome for row, _ in events(database, "setup.link_used")]
    assert sorted(outcomes) == ["failure"] * 5 + ["success"]


def test_the_token_leaves_the_address_and_is_kept_hashed(app: FastAPI, database: Database) -> None:
    link = _link(database)
    token = link.split("=")[1]
    answer = Browser(app).get(link)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert token not in answer.headers["location"]
    with database.transaction() as db:
        assert token not in repr(db.rows(sa.select(*SetUpLink.__table__.columns)))


def test_of_twenty_browsers_with_one_link_one_gets_in(database: Database) -> None:
    token = _link(database).split("=")[1]

    def opened(_: int) -> bool:
        with database.transaction() as db:
            return setup_link.exchange(db, anonymous(), token) is not None

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(opened, range(20))).count(True) == 1


def test_the_wizard_makes_an_owner_who_is_signed_in(app: FastAPI, database: Database) -> None:
    browser = _in_set_up(app, database)
    assert browser.get("/set-up/organisation").status_code == 200
    assert browser.submit("/set-up/organisation", **ORGANISATION).headers["location"] == "/set-up/owner"
    assert browser.get("/set-up").headers["location"] == "/set-up/owner"
    assert browser.submit("/set-up/owner", **OWNER).headers["location"] == "/set-up/authenticator"
    assert browser.get("/set-up").headers["location"] == "/set-up/authenticator", "it resumes where it was left"
    with database.transaction() as db:
        assert not queries.is_set_up(db)
    seed = seed_on(browser.get("/set-up/authenticator").text)
    assert browser.submit("/set-up/authenticator", code="000000").status_code == 422
    done = browser.submit("/set-up/authenticator", code=pyotp.TOTP(seed).generate_otp(totp.present_step()))
    assert done.status_code == 200
    assert done.text.count("<li><code>") == 10
    assert set_up.AFTER in done.text
    assert browser.get("/").json() == {"who": "ada@example.com"}
    with database.transaction() as db:
        organisation = get_organisation(db)
        assert (organisation.name, organisation.currency) == ("Marlow & Finch", "GBP")
        assert organisation.set_up_at is not None
        found = queries.find_user_by_email(db, "ADA@example.com")
        assert found is not None
        assert (found.roles, found.has_authenticator) == (("owner",), True)
    assert len(events(database, "setup.completed")) == 1
    with later(seconds=31):
        Browser(app).sign_in(Known(found.id, found.email, seed))


def test_once_an_owner_exists_every_link_and_set_up_is_dead(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        assert setup_link.ensure_in(db, ORIGIN) is None
        with pytest.raises(StartRefused, match="has an owner"):
            setup_link.reissue_in(db, ORIGIN)
        db.run(sa.insert(SetUpLink).values(number=1, digest=b"x", expires_at=sa.text("now() + interval '1 hour'")))
    assert Browser(app).get("/set-up?token=x").headers["location"] == "/sign-in"
    assert Browser(app).get("/set-up/owner").status_code == 404


def test_a_link_written_into_the_database_opens_nothing(app: FastAPI, database: Database) -> None:
    ends = sa.text("now() + interval '1 hour'")
    with database.transaction() as db:
        db.run(sa.insert(SetUpLink).values(number=1, digest=tokens.digest("forged"), expires_at=ends))
    assert Browser(app).get("/set-up?token=forged").status_code == 404


def test_a_link_whose_end_was_moved_by_hand_is_no_good(app: FastAPI, database: Database) -> None:
    link = _link(database)
    with database.transaction() as db:
        db.run(sa.update(SetUpLink).values(expires_at=SetUpLink.expires_at + timedelta(hours=9)))
    assert Browser(app).get(link).status_code == 404


@pytest.mark.parametrize(
    "change",
    ["UPDATE users SET roles = '{}'", "UPDATE users SET status = 'deactivated'", "UPDATE users SET sealed = 'x'"],
)
def test_owners_who_were_unmade_by_hand_do_not_open_the_set_up_again(
    app: FastAPI, database: Database, owner: Known, change: str
) -> None:
    with database.transaction() as db:
        secret = set_up_sessions.start(db)
        db.run(sa.text(change))
        assert setup_link.ensure_in(db, ORIGIN) is None
        assert setup_link.exchange(db, anonymous(), "x" * 43) is None
    browser = Browser(app)
    browser.have(set_up_sessions.COOKIE, secret)
    assert browser.get("/set-up/organisation").status_code == 404
    assert browser.submit("/set-up/organisation", **ORGANISATION).status_code == 404
    assert browser.get("/set-up").headers["location"] == "/sign-in"


def test_a_set_up_that_was_done_stays_done_though_every_user_was_deleted_by_hand(database: Database) -> None:
    with database.transaction() as db:
        record(db, Actor("setup", "Set-up"), Event.SET_UP, Subject("organisation"))
        assert queries.is_set_up(db)
        assert setup_link.ensure_in(db, ORIGIN) is None


def test_two_browsers_that_race_make_one_owner(app: FastAPI, database: Database) -> None:
    with database.transaction() as db:
        secrets = [set_up_sessions.start(db) for _ in range(4)]
        ids = [set_up_sessions.find(db, secret) for secret in secrets]
        seeds = []
        for number, each in enumerate(ids):
            assert each is not None
            set_up_sessions.keep(db, each, OwnerDraft(email=f"o{number}@example.com", name="O", hash=hashed(PASSWORD)))
            seeds.append(totp.offered_seed(db, each))

    def finish(number: int) -> bool:
        code = pyotp.TOTP(seeds[number]).generate_otp(totp.present_step())
        try:
            with database.transaction() as db:
                return not isinstance(
                    set_up.complete(db, Actor("setup", "Set-up", id=ids[number]), code), set_up.Failed
                )
        except Refusal:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(finish, range(4))).count(True) == 1
    with database.transaction() as db:
        assert db.value(sa.select(sa.func.count()).select_from(User)) == 1
        assert db.value(sa.select(sa.func.count()).select_from(SetUpSession)) == 0


def test_what_is_wrong_is_said_beside_what_was_typed_and_nothing_is_saved(app: FastAPI, database: Database) -> None:
    browser = _in_set_up(app, database)
    answer = browser.submit("/set-up/organisation", **{**ORGANISATION, "name": "  ", "currency": "XXX"})
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert 'value="4" selected' in answer.text
    for wrong in ({"email": "ada"}, {"password": "short"}, {"password": "AdaByron2026!"}, {"name": ""}):
        answer = browser.submit("/set-up/owner", **{**OWNER, **wrong})
        assert answer.status_code == 422, wrong
        assert PASSWORD not in answer.text
        if "email" not in wrong:
            assert 'value="ada@example.com"' in answer.text
    assert browser.get("/set-up/authenticator").headers["location"] == "/set-up/owner"
    assert browser.submit("/set-up/authenticator", code="123456").status_code == 409


def test_a_set_up_opens_no_other_page_and_is_over_after_two_hours(app: FastAPI, database: Database) -> None:
    browser = _in_set_up(app, database)
    for path in ("/", "/settings/users", "/settings/organisation", "/step-up"):
        assert browser.get(path).status_code in {303, 404}
    assert browser.get("/api/v1/me").status_code == 401
    with later(hours=2, seconds=1):
        assert browser.get("/set-up/owner").status_code == 404


def test_a_set_up_beside_a_session_is_the_session(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        secret = set_up_sessions.start(db)
    browser = with_session(app, "not-a-session")
    browser.have(set_up_sessions.COOKIE, secret)
    assert browser.get("/set-up/owner").status_code == 404
    assert sessions.COOKIE in browser.cookies

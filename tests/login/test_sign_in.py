"""Signing in: what is refused, what every try leaves in the trail, and that nobody learns which addresses have users."""

import re

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core.actor import Actor
from app.core.database import Database
from app.login import actions, attempts, recovery_codes, sessions
from app.login.models import User
from tests.login.installation import PASSWORD, Browser, Known, events, later, make_user, with_session


def test_no_route_of_a_half_finished_sign_in_opens_anything_else(browser: Browser, owner: Known) -> None:
    assert browser.give_password(owner.email).headers["location"] == "/sign-in/code"
    assert browser.get("/").status_code == 303
    for path in ("/settings/users", "/settings/sessions", "/settings/api-keys", "/settings/security", "/step-up"):
        answer = browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=")
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.get("/sign-in/authenticator").headers["location"] == "/sign-in"


def test_a_user_with_an_authenticator_cannot_enrol_another_by_signing_in(browser: Browser, owner: Known) -> None:
    browser.give_password(owner.email)
    answer = browser.submit("/sign-in/authenticator", code=owner.code())
    assert answer.status_code == 422
    assert "over" in answer.text


def test_unknown_wrong_deactivated_and_unready_users_get_the_same_answer(app: FastAPI, database: Database) -> None:
    with database.transaction() as db:
        make_user(db, "known1@example.com")
        gone = make_user(db, "gone01@example.com", "auditor")
        actions.deactivate(db, Actor("user", "root", roles=("owner",)), actions.get_for_change(db, gone.id))
        make_user(db, "fresh1@example.com", "auditor", password=None, enrolled=False)
    answers = []
    for email, password in (
        ("nobody@example.com", PASSWORD),
        ("known1@example.com", "wrong " + PASSWORD),
        ("gone01@example.com", PASSWORD),
        ("fresh1@example.com", PASSWORD),
    ):
        answer = Browser(app).give_password(email, password)
        headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        answers.append((answer.status_code, headers, answer.text.replace(email, "…")))
    assert answers[0][0] == 422
    assert attempts.NOT_RIGHT in answers[0][2]
    assert all(answer == answers[0] for answer in answers)
    reasons = [facts.reason for _, facts in events(database, "login.attempt")]
    assert reasons == ["No such user", "Wrong password", "The user is deactivated", "The user has no password yet"]


def test_a_password_longer_than_any_is_not_hashed_and_still_an_event(
    browser: Browser, owner: Known, database: Database
) -> None:
    answer = browser.give_password(owner.email, "x" * 257)
    assert answer.status_code == 422
    assert events(database, "login.attempt")[0][1].reason == "Longer than any password can be"


def test_a_form_that_is_not_ours_is_still_an_event(browser: Browser, owner: Known, database: Database) -> None:
    assert browser.submit("/sign-in", email=owner.email, password=PASSWORD, role="owner").status_code == 422
    assert browser.submit("/sign-in", email="a\x00b@example.com", password=PASSWORD).status_code == 422
    assert browser.submit("/sign-in", email="x" * 5000, password=PASSWORD).status_code == 422
    assert browser.submit("/sign-in").status_code == 422
    found = [facts.username for _, facts in events(database, "login.attempt")]
    assert found[0] == owner.email
    assert "5000 characters" in found[2]
    assert len(found) == 4
    assert browser.get("/").status_code == 303


def test_five_wrong_codes_end_the_attempt(browser: Browser, owner: Known, database: Database) -> None:
    browser.give_password(owner.email)
    answers = [browser.submit("/sign-in/code", code="000000") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 5
    assert attempts.START_AGAIN in answers[-1].text
    browser.have(attempts.COOKIE, "")
    assert browser.submit("/sign-in/code", code=owner.code()).status_code == 422
    assert len(events(database, "login.second_factor")) == 6
    assert browser.get("/").status_code == 303


def test_an_ended_attempt_does_not_take_the_right_code(browser: Browser, owner: Known) -> None:
    browser.give_password(owner.email)
    cookie = browser.cookies[attempts.COOKIE]
    for _ in range(5):
        browser.submit("/sign-in/code", code="000000")
    browser.have(attempts.COOKIE, cookie)
    assert browser.submit("/sign-in/code", code=owner.code()).status_code == 422
    assert sessions.COOKIE not in browser.cookies


def test_an_attempt_is_over_after_ten_minutes(browser: Browser, owner: Known) -> None:
    browser.give_password(owner.email)
    cookie = browser.cookies[attempts.COOKIE]
    with later(minutes=10, seconds=1):
        browser.have(attempts.COOKIE, cookie)
        assert browser.get("/sign-in/code").headers["location"] == "/sign-in"
        assert browser.submit("/sign-in/code", code=owner.code()).status_code == 422


def test_the_code_of_one_user_does_not_finish_the_sign_in_of_another(
    browser: Browser, owner: Known, database: Database
) -> None:
    with database.transaction() as db:
        other = make_user(db, "bob@example.com", "auditor")
    browser.give_password(owner.email)
    assert browser.submit("/sign-in/code", code=other.code()).status_code == 422


def test_a_user_altered_in_the_database_does_not_sign_in(browser: Browser, owner: Known, database: Database) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
        db.run(sa.update(User).where(User.id == clerk.id).values(roles=["owner"]))
    assert browser.give_password(clerk.email).status_code == 422
    assert events(database, "login.attempt")[0][1].reason == "The user was altered in the database"


def test_signing_in_leads_to_the_page_that_was_asked_for_and_nowhere_else(
    app: FastAPI, owner: Known, database: Database
) -> None:
    with database.transaction() as db:
        codes = recovery_codes.renew(db, owner.id)
    asked = {
        "/apps?q=1": "/apps?q=1", "//evil.example": "/", "/\\evil.example": "/", "https:evil.example": "/",
        "https://evil.example": "/", "/\tx": "/", "javascript:alert(1)": "/", "": "/", "/\r\nx: y": "/",
    }  # fmt: skip
    for code, (next_path, reached) in zip(codes, asked.items(), strict=False):
        browser = Browser(app)
        assert browser.give_password(owner.email, next=next_path).status_code in {303, 422}
        answer = browser.submit("/sign-in/recovery-code", code=code)
        assert answer.headers.get("location", "/") == reached


def test_the_session_is_new_at_every_sign_in_and_the_old_one_is_dead(app: FastAPI, owner: Known) -> None:
    browser = Browser(app).sign_in(owner)
    first = browser.cookies[sessions.COOKIE]
    with later(seconds=31):
        browser.sign_in(owner)
        assert browser.cookies[sessions.COOKIE] != first
        assert with_session(app, first).get("/").status_code == 303


def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(app: FastAPI, owner: Known) -> None:
    browser = with_session(app, "planted-by-somebody-else")
    browser.sign_in(owner)
    assert browser.cookies[sessions.COOKIE] != "planted-by-somebody-else"
    assert with_session(app, "planted-by-somebody-else").get("/").status_code == 303


def test_every_cookie_is_bound_to_host_and_https_and_hidden_from_scripts(browser: Browser, owner: Known) -> None:
    sent = browser.give_password(owner.email).headers.get_list("set-cookie")
    sent += browser.submit("/sign-in/code", code=owner.code()).headers.get_list("set-cookie")
    assert {re.split("=", cookie)[0] for cookie in sent} == {
        "__Host-attempt", "__Host-session", "__Host-device",
    }  # fmt: skip
    for cookie in sent:
        assert {"httponly", "secure", "path=/", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}


def test_an_address_in_other_letters_is_the_same_account_only_where_it_is_the_same_address(
    app: FastAPI, owner: Known, database: Database
) -> None:
    for same in ("ADA@example.com", " ada@example.com ", "ada@EXAMPLE.com", "ada@example。com"):
        assert Browser(app).give_password(same).status_code == 303
    for other in ("\uff41da@example.com", "ada@example.com\u200b", "ad\u0430@example.com"):
        assert Browser(app).give_password(other).status_code == 422


def test_the_trail_shows_what_was_typed_but_no_password(browser: Browser, owner: Known, database: Database) -> None:
    for typed in ("Ada@Example.com", "bob", "P@ssw0rd-1234", PASSWORD, "x" * 300, "line\nbreak"):
        browser.give_password(typed)
    names = [facts.username for _, facts in events(database, "login.attempt")]
    assert names[:2] == ["Ada@Example.com", "bob"]
    assert names[2].startswith("(masked")
    assert names[3].startswith("(masked")
    assert names[4].startswith("x" * 200)
    assert "300 characters" in names[4]
    assert len(names) == 6


def test_an_event_says_who_when_how_from_where(app: FastAPI, owner: Known, database: Database) -> None:
    Browser(app, ip="198.51.100.7").sign_in(owner)
    (row, facts), (second, code) = events(database, "login.attempt", "login.second_factor")
    assert (row.outcome, row.method, facts.username, facts.ip) == ("success", "password", owner.email, "198.51.100.7")
    assert (second.outcome, second.method, code.username, code.ip) == ("success", "totp", owner.email, "198.51.100.7")
    assert "Firefox" in facts.user_agent
    assert row.subject_id == owner.id
    assert row.request_id


def test_signing_out_ends_the_session_on_the_server(app: FastAPI, owner: Known, database: Database) -> None:
    browser = Browser(app).sign_in(owner)
    secret = browser.cookies[sessions.COOKIE]
    assert browser.post("/sign-out").headers["location"] == "/sign-in?said=signed-out"
    assert with_session(app, secret).get("/").status_code == 303
    assert len(events(database, "login.signed_out")) == 1
    assert "signed out" in browser.get("/sign-in?said=signed-out").text


def test_another_site_cannot_sign_anybody_in_or_out(app: FastAPI, owner: Known) -> None:
    browser = Browser(app).sign_in(owner)
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post("/sign-out", headers=foreign).status_code == 403
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in?next=//evil.example"])
def test_the_page_to_sign_in_at_is_there(browser: Browser, owner: Known, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert 'type="password"' in answer.text
    assert 'autocomplete="current-password"' in answer.text
    assert '<input type="hidden" name="next" value="/">' in answer.text

"""Codes of authenticators: once each, near now, whoever races; recovery codes the same."""

from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core.database import Database
from app.login import attempts, recovery_codes, throttle, totp
from app.login.models import RecoveryCode, Totp, TotpEnrolment
from tests.login.installation import ROOT, Browser, Known, events, later, make_user, seed_on


def test_a_code_is_not_accepted_twice(app: FastAPI, owner: Known) -> None:
    code = owner.code()
    for status in (303, 422):
        browser = Browser(app)
        browser.give_password(owner.email)
        assert browser.submit("/sign-in/code", code=code).status_code == status


def test_after_a_code_its_elder_neighbour_is_not_accepted_and_its_younger_is(database: Database, owner: Known) -> None:
    elder, this, younger = owner.code(step=-1), owner.code(), owner.code(step=1)
    with database.transaction() as db:
        assert totp.spend(db, owner.id, this)
        assert not totp.spend(db, owner.id, this)
        assert not totp.spend(db, owner.id, elder)
        assert totp.spend(db, owner.id, younger)
        assert not totp.spend(db, owner.id, this)


@pytest.mark.parametrize(("step", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_of_skew_is_forgiven_and_no_more(database: Database, owner: Known, step: int, accepted: bool) -> None:
    with database.transaction() as db:
        assert totp.spend(db, owner.id, owner.code(step=step)) is accepted


def test_a_code_may_have_spaces_and_nothing_else(database: Database, owner: Known) -> None:
    code = owner.code()
    with database.transaction() as db:
        for wrong in ("", "0", code[:5], code + "0", "x" * 10_000, "١٢٣٤٥٦", code[:3] + "-" + code[3:], "\ud800"):
            assert not totp.spend(db, owner.id, wrong)
        assert totp.spend(db, owner.id, f" {code[:3]} {code[3:]} ")


def test_of_fifty_equal_codes_at_once_exactly_one_wins(database: Database, owner: Known) -> None:
    code = owner.code()
    secrets = []
    with database.transaction() as db:
        secrets += [attempts.begin(db, owner.id, username=owner.email).secret for _ in range(50)]

    def give(secret: str) -> bool:
        with database.transaction() as db:
            return isinstance(attempts.with_code(db, ROOT, secret, code), attempts.Passed)

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(give, secrets))
    assert outcomes.count(True) == 1
    found = [row.outcome for row, _ in events(database, "login.second_factor")]
    assert len(found) == 50
    assert found.count("success") == 1


def test_of_twenty_equal_codes_in_one_sign_in_exactly_one_wins(database: Database, owner: Known) -> None:
    code = owner.code()
    with database.transaction() as db:
        secret = attempts.begin(db, owner.id, username=owner.email).secret

    def give(_: int) -> bool:
        with database.transaction() as db:
            return isinstance(attempts.with_code(db, ROOT, secret, code), attempts.Passed)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(give, range(20))).count(True) == 1


def test_twenty_wrong_codes_in_an_hour_close_the_account_to_codes(database: Database, owner: Known) -> None:
    for _ in range(5):
        with database.transaction() as db:
            secret = attempts.begin(db, owner.id, username=owner.email).secret
        for _ in range(4):
            with database.transaction() as db:
                attempts.with_code(db, ROOT, secret, "000000")
    with database.transaction() as db:
        secret = attempts.begin(db, owner.id, username=owner.email).secret
        refused = attempts.with_code(db, ROOT, secret, owner.code())
        assert isinstance(refused, attempts.Failed)
        assert 0 < refused.retry_after <= throttle.CODES_WINDOW.total_seconds()
    with later(hours=1, seconds=1), database.transaction() as db:
        secret = attempts.begin(db, owner.id, username=owner.email).secret
        assert isinstance(attempts.with_code(db, ROOT, secret, owner.code()), attempts.Passed)


def test_a_recovery_code_is_good_once_and_only_for_its_user(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        other = make_user(db, "bob@example.com", "auditor")
        codes = recovery_codes.renew(db, owner.id)
        assert len(set(codes)) == 10
        assert not recovery_codes.spend(db, other.id, codes[0])
        assert not recovery_codes.spend(db, owner.id, codes[0][:-1])
        assert not recovery_codes.spend(db, owner.id, "")
        db.run(sa.update(RecoveryCode).values(user_id=other.id))
        assert not recovery_codes.spend(db, other.id, codes[0])
        db.run(sa.update(RecoveryCode).values(user_id=owner.id))
    for code, status in ((codes[0].upper().replace("-", " "), 303), (codes[0], 422), (codes[1], 303)):
        browser = Browser(app)
        browser.give_password(owner.email)
        assert browser.submit("/sign-in/recovery-code", code=code).status_code == status
    with database.transaction() as db:
        assert recovery_codes.count_left(db, owner.id) == 8
    assert {row.method for row, _ in events(database, "login.second_factor")} == {"recovery_code"}


def test_of_twenty_equal_recovery_codes_at_once_exactly_one_wins(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        code = recovery_codes.renew(db, owner.id)[0]

    def spend(_: int) -> bool:
        with database.transaction() as db:
            return recovery_codes.spend(db, owner.id, code)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(spend, range(20))).count(True) == 1


def test_a_user_without_an_authenticator_enrols_one_before_anything_else(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        make_user(db, "new@example.com", "it", enrolled=False)
    browser = Browser(app)
    assert browser.give_password("new@example.com").headers["location"] == "/sign-in/authenticator"
    assert browser.get("/").status_code == 303
    seed = seed_on(browser.get("/sign-in/authenticator").text)
    assert seed == seed_on(browser.get("/sign-in/authenticator").text), "a reload shows the same seed"
    assert browser.submit("/sign-in/authenticator", code="000000").status_code == 422
    done = browser.submit("/sign-in/authenticator", code=pyotp.TOTP(seed).generate_otp(totp.present_step()))
    assert done.status_code == 200
    assert done.text.count("<li><code>") == 10
    assert browser.get("/").status_code == 200
    with database.transaction() as db:
        assert seed not in str(db.rows(sa.select(*Totp.__table__.columns)))
        assert db.value(sa.select(sa.func.count()).select_from(TotpEnrolment)) == 0


def test_a_seed_that_one_sign_in_was_shown_is_not_offered_to_another(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        make_user(db, "new@example.com", "it", enrolled=False)
    attacker, user = Browser(app), Browser(app)
    seeds = []
    for browser in (attacker, user):
        browser.give_password("new@example.com")
        seeds.append(seed_on(browser.get("/sign-in/authenticator").text))
    assert seeds[0] != seeds[1]
    code = pyotp.TOTP(seeds[1]).generate_otp(totp.present_step())
    assert user.submit("/sign-in/authenticator", code=code).status_code == 200
    late = pyotp.TOTP(seeds[0]).generate_otp(totp.present_step())
    assert attacker.submit("/sign-in/authenticator", code=late).status_code == 422, "enrolling over an authenticator"

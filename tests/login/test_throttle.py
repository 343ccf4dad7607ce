"""How many wrong tries are allowed, whose tries they count as, and that the owner is not locked out by others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.core.database import Database, Db
from app.login import attempts, passwords, throttle
from app.login.models import Throttle, email_index
from tests.login.installation import PASSWORD, ROOT, Browser, Known, events, later, make_app


def _fill(database: Database, *limits_of: Callable[[Db], throttle.Limit], times: int = throttle.ACCOUNT) -> None:
    with database.transaction() as db:
        for limit in limits_of:
            throttle.failed(db, [limit(db)])
            db.run(sa.update(Throttle).where(Throttle.key == limit(db).key).values(failures=times))


def test_the_eleventh_try_at_an_account_is_not_looked_at_known_or_not(
    app: FastAPI, owner: Known, database: Database
) -> None:
    for email in (owner.email, "nobody@example.com"):
        _fill(database, lambda db, email=email: throttle.account(db, email_index(db, email)), times=9)
        statuses = [Browser(app).give_password(email, "wrong " + PASSWORD).status_code for _ in range(2)]
        assert statuses == [422, 429]
        answer = Browser(app).give_password(email)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 900
        assert "Wait 15 minutes" in answer.text
    outcomes = [row.outcome for row, _ in events(database, "login.attempt")]
    assert outcomes == ["failure", "refused", "refused"] * 2


def test_spellings_of_one_address_share_one_count(app: FastAPI, owner: Known, database: Database) -> None:
    for email in ("ADA@example.com", " ada@example.com", "ada@EXAMPLE.COM ", "ada@example.com") * 3:
        Browser(app).give_password(email, "wrong " + PASSWORD)
    assert Browser(app).give_password(owner.email).status_code == 429


def test_the_count_starts_anew_when_its_quarter_of_an_hour_is_over(
    app: FastAPI, owner: Known, database: Database
) -> None:
    _fill(database, lambda db: throttle.account(db, email_index(db, owner.email)))
    assert Browser(app).give_password(owner.email).status_code == 429
    with later(minutes=15, seconds=1):
        assert Browser(app).give_password(owner.email).status_code == 303


def test_a_known_device_gets_in_while_strangers_are_kept_out(app: FastAPI, owner: Known, database: Database) -> None:
    known = Browser(app).sign_in(owner)
    known.post("/sign-out")
    _fill(database, lambda db: throttle.account(db, email_index(db, owner.email)), throttle.everywhere, times=3000)
    assert Browser(app).give_password(owner.email).status_code == 429
    with later(seconds=31):
        known.sign_in(owner)


def test_a_known_device_is_throttled_too_and_its_note_is_for_one_account(app: FastAPI, owner: Known) -> None:
    known = Browser(app).sign_in(owner)
    known.post("/sign-out")
    statuses = [known.give_password(owner.email, "wrong " + PASSWORD).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert Browser(app).give_password(owner.email).status_code == 303


def test_a_forged_device_note_is_a_stranger(app: FastAPI, owner: Known, database: Database) -> None:
    _fill(database, lambda db: throttle.account(db, email_index(db, owner.email)))
    for note in ("", "x", "A" * 64, "é" * 20):
        browser = Browser(app)
        browser.have("__Host-device", note.encode("ascii", "replace").decode())
        assert browser.give_password(owner.email).status_code == 429


def test_one_address_has_a_hundred_failures_whatever_header_it_sends(
    app: FastAPI, owner: Known, database: Database
) -> None:
    _fill(database, lambda db: throttle.address(db, "192.0.2.1"), times=100)
    for forwarded in ("203.0.113.5", "203.0.113.6, 10.0.0.1", "::1"):
        answer = Browser(app).post(
            "/sign-in", data={"email": owner.email, "password": PASSWORD}, headers={"x-forwarded-for": forwarded}
        )
        assert answer.status_code == 429
    assert Browser(app, ip="192.0.2.2").give_password(owner.email).status_code == 303
    assert {facts.ip for _, facts in events(database, "login.attempt")} == {"192.0.2.1", "192.0.2.2"}


def test_behind_a_named_proxy_the_client_is_who_the_proxy_says(database: Database, owner: Known) -> None:
    app = make_app(database, trusted=("192.0.2.1/32",))
    Browser(app).post(
        "/sign-in", data={"email": owner.email, "password": "x"}, headers={"x-forwarded-for": "1.2.3.4, 203.0.113.5"}
    )
    assert events(database, "login.attempt")[0][1].ip == "203.0.113.5"


@pytest.mark.parametrize(
    ("ip", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_subscriber_is_one_address(ip: str, counted: str) -> None:
    assert throttle.network_of(ip) == counted


def test_a_burst_of_guesses_counts_every_one(database: Database, owner: Known) -> None:
    def guess(_: int) -> object:
        with database.transaction() as db:
            return attempts.with_password(db, ROOT, email=owner.email, password="wrong " + PASSWORD)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(16)))
    outcomes = [row.outcome for row, _ in events(database, "login.attempt")]
    assert len(outcomes) == 16
    with database.transaction() as db:
        assert outcomes.count("failure") >= throttle.ACCOUNT
        assert throttle.wait(db, [throttle.account(db, email_index(db, owner.email))]) > 0


def test_a_right_password_does_not_count_once_the_account_is_full(database: Database, owner: Known) -> None:
    with database.transaction() as db:
        limit = throttle.account(db, email_index(db, owner.email))
        assert throttle.still_admits(db, limit)
        for _ in range(throttle.ACCOUNT):
            throttle.failed(db, [limit])
        assert not throttle.still_admits(db, limit)


def test_no_more_hashes_run_or_wait_than_the_queue_holds() -> None:
    with ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(_hashes, range(64)))
    assert outcomes.count(True) >= passwords.AT_ONCE + passwords.WAITING
    assert outcomes.count(False) > 0
    assert passwords.hash_of("the queue is free again")


def test_a_full_queue_is_an_event_and_429(app: FastAPI, owner: Known, database: Database) -> None:
    places = passwords.AT_ONCE + passwords.WAITING
    for _ in range(places):
        assert passwords._queue._places.acquire(blocking=False)
    try:
        answer = Browser(app).give_password(owner.email)
    finally:
        for _ in range(places):
            passwords._queue._places.release()
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == str(passwords.RETRY_AFTER)
    ((row, facts),) = events(database, "login.attempt")
    assert (row.outcome, facts.reason) == ("refused", "Too many sign-ins at this moment")


def _hashes(_: int) -> bool:
    from app.core.errors import TooMany

    try:
        passwords.verify(None, "anything")
    except TooMany:
        return False
    return True

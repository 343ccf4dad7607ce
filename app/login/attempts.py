"""One sign-in as a small state machine: password, then code (or enrolment), then a session.

Every try is exactly one event, committed whatever its outcome: so an outcome is a value (``Passed``, ``Failed``,
``NeedsSecondFactor``), never an exception, which would roll the evidence back. The reason stands in the event alone; who
asked sees the same words for an unknown user, a wrong password and a deactivated user, after the same work.

The first factor leaves a cookie of ten minutes that opens nothing but the second step; five wrong codes end it, and so does
whatever ends the user's sessions (``end_all``). Locks are taken in one order: user, sign-in, authenticator, counts.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from fastapi import Response

from app.core import audit, clock, tokens
from app.core.actor import Actor, anonymous
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import TooMany
from app.core.identifiers import new_id
from app.core.sealed import DoesNotOpen
from app.login import devices, passwords, recovery_codes, sessions, throttle, totp
from app.login.models import (
    ACTIVE,
    Attempt,
    AttemptFacts,
    Password,
    User,
    attempt_bound,
    email_index,
    open_user,
    user_bound,
)
from app.login.outcomes import (
    CODE_NOT_RIGHT,
    NOT_RIGHT,
    START_AGAIN,
    Failed,
    NeedsSecondFactor,
    Passed,
    Try,
)
from app.login.password_rules import LONGEST
from app.login.typed_names import shown_name

COOKIE: Final = "__Host-attempt"
GOOD_FOR: Final = timedelta(minutes=10)
MOST_WRONG: Final = 5
CODE: Final = "code"
ENROL: Final = "enrol"


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in whose second step is due; ``id`` is what an enrolment belongs to."""

    id: UUID
    user_id: UUID
    stage: str
    email: str


def with_password(
    db: Db, actor: Actor, *, email: str, password: str, device: str = "", next_path: str = "/"
) -> NeedsSecondFactor | Failed:
    """The first step. ``email`` is what was typed, ``device`` the note of a known device."""
    index = email_index(db, email)
    number = devices.number_of(db, device, index)
    limits = [throttle.account(db, index, number), throttle.address(db, actor.ip)]
    if not number:
        limits.append(throttle.everywhere(db))
    tried = Try(db, _stranger(actor), Event.SIGN_IN_ATTEMPT, "password", shown_name(email, password))
    if seconds := throttle.wait(db, limits):
        return tried.refused("Too many failures before", seconds)
    try:
        user, reason = _judge(db, index, password)
    except TooMany as busy:
        return tried.refused("Too many sign-ins at this moment", busy.retry_after, busy.message)
    return _judged(tried, limits, user, reason, next_path)


def malformed(db: Db, actor: Actor, *, email: str) -> Failed:
    """A first step whose form could not be read: an attempt all the same."""
    tried = Try(db, _stranger(actor), Event.SIGN_IN_ATTEMPT, "password", shown_name(email))
    return tried.failed("The form was not as the page sends it", NOT_RIGHT)


def begin(db: Db, user_id: UUID, *, username: str, next_path: str = "/") -> NeedsSecondFactor:
    """Open the second step for a user whose first factor was right; ``username`` as the trail shows it."""
    secret = tokens.random_secret()
    row = Attempt(
        id=new_id(), digest=tokens.digest(secret), user_id=user_id, started_at=clock.now(), tries=0,
        stage=CODE if totp.is_enrolled(db, user_id) else ENROL,
    )  # fmt: skip
    row.sealed = db.seal(Attempt, row.id, AttemptFacts(username=username, next=next_path), *attempt_bound(row))
    db.add(row)
    return NeedsSecondFactor(secret, row.stage)


def find_pending(db: Db, secret: str) -> Pending | None:
    """The sign-in that this cookie belongs to, if its second step is still due."""
    row = db.row(sa.select(*Attempt.__table__.columns).where(Attempt.digest == tokens.digest(secret)))
    if row is None or _is_over(row) or _facts(db, row) is None:
        return None
    return Pending(row.id, row.user_id, row.stage, _email_of(db, _user(db, row.user_id)))


def with_code(db: Db, actor: Actor, secret: str, code: str) -> Passed | Failed:
    """The second step with the code of an authenticator."""
    return _second(db, actor, secret, "totp", CODE, lambda row: totp.spend(db, row.user_id, code))


def with_recovery_code(db: Db, actor: Actor, secret: str, code: str) -> Passed | Failed:
    """The second step with a recovery code."""
    return _second(db, actor, secret, "recovery_code", CODE, lambda row: recovery_codes.spend(db, row.user_id, code))


def with_enrolment(db: Db, actor: Actor, secret: str, code: str) -> Passed | Failed:
    """The second step of a user without an authenticator: enrol the seed they were shown. Refused to any other."""
    return _second(db, actor, secret, "totp", ENROL, lambda row: totp.confirm(db, row.id, row.user_id, code))


def end_all(db: Db, user_id: UUID) -> None:
    """End every sign-in of a user that is in progress; who began one with what was right before begins again.

    The caller has locked the user's row, so none is begun meanwhile with a password that is no more.
    """
    going_on = (Attempt.user_id == user_id) & Attempt.ended_at.is_(None) & (Attempt.started_at > clock.now() - GOOD_FOR)
    for row in db.session.scalars(sa.select(Attempt).where(going_on).order_by(Attempt.id).with_for_update()):
        facts = _facts(db, row)
        if facts is not None:
            _change(db, row, facts, ended_at=clock.now())


def set_cookie(response: Response, secret: str) -> None:
    """Bind the sign-in to this browser for ten minutes."""
    seconds = int(GOOD_FOR.total_seconds())
    response.set_cookie(COOKIE, secret, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def clear_cookie(response: Response) -> None:
    """The sign-in is over."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def _judge(db: Db, index: bytes, password: str) -> tuple[Any, str]:
    """The user with this address, if any, and why they may not go on, or ""; equal work whoever it is."""
    user = db.row(
        sa.select(*User.__table__.columns, Password.credential, Password.changed_at)
        .outerjoin(Password, Password.user_id == User.id)
        .where(User.email_index == index)
    )
    if len(password) > LONGEST:
        return user, "Longer than any password can be"
    stored = None if user is None else passwords.open_hash(db, user.id, user.credential)
    reason = _why_not(db, user, stored, matches=passwords.verify(stored, password))
    if user is not None and stored and not reason and passwords.is_outdated(stored):
        with suppress(TooMany):
            passwords.store(db, user.id, passwords.hash_of(password))
    return user, reason


def _why_not(db: Db, user: Any, stored: str | None, *, matches: bool) -> str:
    if user is None:
        return "No such user"
    if not matches:
        return "Wrong password" if stored else "The user has no password yet"
    if user.status != ACTIVE:
        return "The user is deactivated"
    return "" if _email_of(db, user) else "The user was altered in the database"


def _judged(
    tried: Try, limits: list[throttle.Limit], user: Any, reason: str, next_path: str
) -> NeedsSecondFactor | Failed:
    db = tried.db
    if user is not None:
        tried.subject = Subject("user", user.id, _email_of(db, user))
    if reason:
        throttle.failed(db, limits)
        return tried.failed(reason, NOT_RIGHT)
    if not _is_still(db, user):
        return tried.failed("The user or their password was changed meanwhile", NOT_RIGHT)
    if not throttle.still_admits(db, limits[0]):
        return tried.refused("Too many failures at the same time", throttle.wait(db, limits))
    tried.succeeded()
    return begin(db, user.id, username=tried.username, next_path=next_path)


def _is_still(db: Db, user: Any) -> bool:
    """Whether the user is as they were when the password was looked at, which takes a while; locks their row.

    Otherwise a sign-in could begin with a password that has just been taken away, after all others were ended.
    """
    now = _user(db, user.id)
    changed_at = db.value(sa.select(Password.changed_at).where(Password.user_id == user.id))
    return now is not None and (*user_bound(now), changed_at) == (*user_bound(user), user.changed_at)


def _second(
    db: Db, actor: Actor, secret: str, method: str, stage: str, spend: Callable[[Any], bool]
) -> Passed | Failed:
    tried = Try(db, _stranger(actor), Event.MFA_ATTEMPT, method)
    this = Attempt.digest == tokens.digest(secret)
    user_id = db.value(sa.select(Attempt.user_id).where(this))
    user = None if user_id is None else _user(db, user_id)
    row = db.session.execute(sa.select(Attempt).where(this).with_for_update()).scalar_one_or_none()
    facts = None if row is None else _facts(db, row)
    if row is None or facts is None or user is None:
        return tried.failed("No sign-in is in progress in this browser", START_AGAIN, is_over=True)
    tried.username = facts.username
    tried.subject = Subject("user", row.user_id, _email_of(db, user))
    if _is_over(row) or row.stage != stage:
        return tried.failed("The sign-in is over, or is at another step", START_AGAIN, is_over=True)
    outcome = _spent(tried, row, facts, spend)
    return outcome or _signed_in(tried, actor, row, facts)


def _spent(tried: Try, row: Attempt, facts: AttemptFacts, spend: Callable[[Any], bool]) -> Failed | None:
    """Try the code; None where it was right and counts."""
    db = tried.db
    limit = throttle.codes(db, row.user_id.bytes)
    if seconds := throttle.wait(db, [limit]):
        return tried.refused("Too many wrong codes before", seconds)
    if not spend(row):
        _change(db, row, facts, tries=row.tries + 1)
        throttle.failed(db, [limit])
        is_over = row.tries >= MOST_WRONG
        return tried.failed("Wrong code, or used already", START_AGAIN if is_over else CODE_NOT_RIGHT, is_over=is_over)
    if throttle.still_admits(db, limit):
        return None
    return tried.refused("Too many wrong codes at the same time", throttle.wait(db, [limit]))


def _signed_in(tried: Try, actor: Actor, row: Attempt, facts: AttemptFacts) -> Passed | Failed:
    db = tried.db
    _change(db, row, facts, ended_at=clock.now())
    user = _user(db, row.user_id)
    if user.status != ACTIVE or not tried.subject.label:
        return tried.failed("The user is deactivated or was altered", START_AGAIN, is_over=True)
    tried.succeeded()
    me = replace(tried.actor, kind="user", label=tried.subject.label, id=user.id, user_id=user.id)
    codes: tuple[str, ...] = ()
    if row.stage == ENROL:
        codes = recovery_codes.renew(db, user.id)
        audit.record(db, me, Event.TOTP_ENROLLED, tried.subject, method="totp")
    session = sessions.start(db, me, user.id)
    if actor.session_id is not None:
        sessions.end(db, actor, actor.session_id, reason="Signed in anew")
    return Passed(session, devices.note_for(db, user.email_index), facts.next, codes)


def _change(db: Db, row: Attempt, facts: AttemptFacts, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.sealed = db.seal(Attempt, row.id, facts, *attempt_bound(row))
    db.session.flush()


def _facts(db: Db, row: Any) -> AttemptFacts | None:
    try:
        return db.open(AttemptFacts, Attempt, row.id, row.sealed, *attempt_bound(row))
    except DoesNotOpen:
        return None


def _is_over(row: Any) -> bool:
    return row.ended_at is not None or row.tries >= MOST_WRONG or row.started_at <= clock.now() - GOOD_FOR


def _stranger(actor: Actor) -> Actor:
    """Nobody yet, even where the browser is signed in as somebody: what is typed has to prove who it is."""
    return anonymous(ip=actor.ip, user_agent=actor.user_agent, request_id=actor.request_id)


def _user(db: Db, user_id: UUID) -> Any:
    return db.row(sa.select(*User.__table__.columns).where(User.id == user_id).with_for_update(key_share=True))


def _email_of(db: Db, user: Any) -> str:
    """The user's address, or "" where the row was altered in the database: such a user does not sign in."""
    try:
        return open_user(db, user).email
    except DoesNotOpen:
        return ""

"""Confirming that it is still the user: a fresh code for acts that a stolen or unattended session must not do.

Every try is one event, and an outcome is a value, as in ``attempts``. Five wrong codes, or present
passwords, in a quarter of an hour end the session. The session's secret changes with every success.
"""

from collections.abc import Callable
from uuid import UUID

from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import NotSignedIn
from app.login import passwords, recovery_codes, sessions, throttle, totp
from app.login.outcomes import CODE_NOT_RIGHT, PRESENT_NOT_RIGHT, START_AGAIN, Failed, Try


def with_code(db: Db, actor: Actor, code: str) -> str | Failed:
    """Confirm with the authenticator: the session's new secret, or why not. Refuses (``NotSignedIn``) all but a session."""
    return _confirm(db, actor, "totp", lambda user_id: totp.spend(db, user_id, code))


def with_recovery_code(db: Db, actor: Actor, code: str) -> str | Failed:
    """Confirm with a recovery code: the session's new secret, or why not."""
    return _confirm(db, actor, "recovery_code", lambda user_id: recovery_codes.spend(db, user_id, code))


def with_password(db: Db, actor: Actor, password: str) -> Failed | None:
    """Whether the present password was given, as changing it asks: None, or why not. Wrong ones count as wrong codes do."""
    if actor.user_id is None or actor.session_id is None:
        raise NotSignedIn("Sign in first.")
    limits = [throttle.step_ups(db, actor.session_id.bytes)]
    tried = Try(db, actor, Event.STEP_UP, "password", actor.label, Subject("user", actor.user_id, actor.label))
    if seconds := throttle.wait(db, limits):
        return tried.refused("Too many wrong passwords before", seconds)
    if not passwords.verify(passwords.find_hash(db, actor.user_id), password):
        return _wrong(tried, limits, actor.session_id, "Wrong password", PRESENT_NOT_RIGHT)
    if not throttle.still_admits(db, limits[0]):
        return tried.refused("Too many wrong passwords at the same time", throttle.wait(db, limits))
    tried.succeeded()
    return None


def _confirm(db: Db, actor: Actor, method: str, spend: Callable[[UUID], bool]) -> str | Failed:
    if actor.user_id is None or actor.session_id is None:
        raise NotSignedIn("Sign in first.")
    limits = [throttle.step_ups(db, actor.session_id.bytes), throttle.codes(db, actor.user_id.bytes)]
    tried = Try(db, actor, Event.STEP_UP, method, actor.label, Subject("user", actor.user_id, actor.label))
    if seconds := throttle.wait(db, limits):
        return tried.refused("Too many wrong codes before", seconds)
    if not spend(actor.user_id):
        return _wrong(tried, limits, actor.session_id, "Wrong code, or used already", CODE_NOT_RIGHT)
    if not all(throttle.still_admits(db, limit) for limit in limits):
        return tried.refused("Too many wrong codes at the same time", throttle.wait(db, limits))
    return _elevated(tried)


def _elevated(tried: Try) -> str | Failed:
    secret = sessions.elevate(tried.db, tried.actor)
    if secret is None:
        return tried.failed("The session ended meanwhile", START_AGAIN, is_over=True)
    tried.succeeded()
    return secret


def _wrong(tried: Try, limits: list[throttle.Limit], session_id: UUID, reason: str, message: str) -> Failed:
    throttle.failed(tried.db, limits)
    if throttle.still_admits(tried.db, limits[0]):
        return tried.failed(reason, message)
    sessions.end(tried.db, tried.actor, session_id, reason="Too many wrong codes or passwords")
    return tried.failed(f"{reason}; the session ended", START_AGAIN, is_over=True)

"""Signed-in browsers, kept on the server: whatever ends one takes effect at the next request, nothing is cached.

The cookie holds 256 random bits, the database their SHA-256. A session ends after ``IDLE`` without a request, after
``ABSOLUTE`` in any case, and when a user has more than ``MOST`` the oldest ends. Its secret is new at sign-in and at every
elevation, so one that was planted or seen before is worthless after (ASVS 7.2.4). Ending one removes its row, and its
moments are bound to what is sealed: no UPDATE brings it back or makes it last.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from fastapi import Response

from app.core import audit, clock, tokens
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import NotFound
from app.core.identifiers import new_id
from app.core.sealed import DoesNotOpen
from app.login.models import Session, SessionFacts, User, open_user, session_bound
from app.login.user_agents import browser_of

COOKIE: Final = "__Host-session"
IDLE: Final = timedelta(hours=2)
ABSOLUTE: Final = timedelta(hours=12)
MOST: Final = 20
SEEN_EVERY: Final = timedelta(minutes=1)


class SessionOut(msgspec.Struct, frozen=True):
    """A session as its user sees it."""

    id: UUID
    started_at: datetime
    last_seen_at: datetime
    ip: str
    browser: str
    is_current: bool


def start(db: Db, actor: Actor, user_id: UUID) -> str:
    """Begin a session for a user who has given their last factor and whose row the caller has locked; its secret.

    Ends the user's oldest sessions beyond ``MOST``.
    """
    now = clock.now()
    secret = tokens.random_secret()
    row = Session(
        id=new_id(), digest=tokens.digest(secret), user_id=user_id, started_at=now, last_seen_at=now, fresh_at=now
    )
    row.sealed = _seal(db, row, SessionFacts(ip=actor.ip, user_agent=actor.user_agent))
    db.add(row)
    _end_oldest(db, actor, user_id)
    db.run(sa.update(User).where(User.id == user_id).values(last_sign_in_at=now))
    audit.record(db, actor, Event.SESSION_STARTED, Subject("session", row.id, actor.label))
    return secret


def elevate(db: Db, actor: Actor) -> str | None:
    """Give the actor's session a new secret and a fresh factor; the old secret is dead.

    The new cookie's secret, or None where the session ended meanwhile.
    """
    is_own = (Session.id == actor.session_id) & (Session.user_id == actor.user_id)
    row = db.session.execute(sa.select(Session).where(is_own).with_for_update()).scalar_one_or_none()
    if row is None:
        return None
    facts = db.open(SessionFacts, Session, row.id, row.sealed, *session_bound(row))
    secret = tokens.random_secret()
    row.digest, row.fresh_at = tokens.digest(secret), clock.now()
    row.sealed = _seal(db, row, facts)
    db.session.flush()
    return secret


def list_live(db: Db, actor: Actor, user_id: UUID) -> list[SessionOut]:
    """The live sessions of a user, most recently seen first; the one that ``actor`` is in is marked."""
    rows = db.rows(
        sa.select(*Session.__table__.columns)
        .where(Session.user_id == user_id, *_live(clock.now()))
        .order_by(Session.last_seen_at.desc(), Session.id)
    )
    found = []
    for row in rows:
        facts = _facts(db, row)
        found.append(
            SessionOut(
                id=row.id, started_at=row.started_at, last_seen_at=row.last_seen_at, ip=facts.ip if facts else "",
                browser=browser_of(facts.user_agent) if facts else "(altered in the database)",
                is_current=row.id == actor.session_id,
            )
        )  # fmt: skip
    return found


def end_own(db: Db, actor: Actor, session_id: UUID) -> None:
    """End one session of the actor. Refuses (``NotFound``) anybody else's."""
    if not end(db, actor, session_id, reason="Ended by its user"):
        raise NotFound("There is no such session.")


def end(db: Db, actor: Actor, session_id: UUID, *, reason: str) -> bool:
    """End one session of the actor; whether there was any left to end. Never fails what the caller has to remember."""
    ended = _remove(db, actor, session_id)
    if ended:
        audit.record(db, actor, Event.SESSION_ENDED, Subject("session", session_id, actor.label), reason=reason)
    return ended


def sign_out(db: Db, actor: Actor) -> None:
    """End the session that sends this request."""
    if not _remove(db, actor, actor.session_id):
        raise NotFound("There is no such session.")
    subject = Subject("session", actor.session_id, actor.label)
    audit.record(db, actor, Event.SIGNED_OUT, subject, username=actor.label, method="session")


def end_all(db: Db, actor: Actor, user_id: UUID, *, reason: str, but: UUID | None = None) -> int:
    """End all live sessions of a user, ``but`` one; how many they were. One event, none where there was nothing to end."""
    statement = sa.delete(Session).where(Session.user_id == user_id, *_live(clock.now()))
    if but is not None:
        statement = statement.where(Session.id != but)
    ended = db.run(statement)
    if ended:
        subject = Subject("user", user_id, _label(db, user_id))
        audit.record(db, actor, Event.SESSION_ENDED, subject, reason=reason, detail={"sessions": ended})
    return ended


def set_cookie(response: Response, secret: str) -> None:
    """Hand the session to the browser, until it is closed or the server ends it."""
    response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="lax")


def clear_cookie(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def _live(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (Session.last_seen_at > now - IDLE, Session.started_at > now - ABSOLUTE)


def _remove(db: Db, actor: Actor, session_id: UUID | None) -> bool:
    return db.run(sa.delete(Session).where(Session.id == session_id, Session.user_id == actor.user_id)) == 1


def _facts(db: Db, row: Any) -> SessionFacts | None:
    try:
        return db.open(SessionFacts, Session, row.id, row.sealed, *session_bound(row))
    except DoesNotOpen:
        return None


def _end_oldest(db: Db, actor: Actor, user_id: UUID) -> None:
    live = (Session.user_id == user_id) & sa.and_(*_live(clock.now()))
    oldest = sa.select(Session.id).where(live).order_by(Session.started_at.desc(), Session.id.desc()).offset(MOST)
    for row in db.rows(sa.delete(Session).where(Session.id.in_(oldest)).returning(Session.id)):
        subject = Subject("session", row.id, actor.label)
        audit.record(db, actor, Event.SESSION_ENDED, subject, reason=f"More than {MOST} sessions: the oldest ended")


def _seal(db: Db, row: Session, facts: SessionFacts) -> bytes:
    return db.seal(Session, row.id, facts, *session_bound(row))


def _label(db: Db, user_id: UUID) -> str:
    row = db.row(sa.select(*User.__table__.columns).where(User.id == user_id))
    return "" if row is None else open_user(db, row).email

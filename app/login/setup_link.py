"""The set-up link: the only way into a fresh installation (ASVS 6.3.2: there is no default account).

256 random bits, kept hashed, one hour, good once: opening it exchanges it for a cookie. A new one replaces it. None is
made, and none is good, once an owner exists.
"""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core import audit, clock, tokens
from app.core.actor import Actor, job_actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import StartRefused
from app.core.opening import open_database
from app.core.settings import Settings
from app.login import set_up_sessions
from app.login.models import SetUpLink
from app.login.queries import owner_exists

PATH: Final = "/set-up"
GOOD_FOR: Final = timedelta(hours=1)
SET_UP_DONE: Final = "This installation is set up: it has an owner. Sign in, or ask an owner to invite you."
_NUMBER: Final = 1


def ensure(settings: Settings) -> str | None:
    """A fresh set-up link as an address to print, or None where an owner exists. Opens the database for itself."""
    database = open_database(settings, concurrency=1)
    try:
        with database.transaction() as db:
            return ensure_in(db, settings.origin)
    finally:
        database.close()


def reissue(settings: Settings) -> str:
    """As ``ensure``; refuses (``StartRefused``) where an owner exists."""
    link = ensure(settings)
    if link is None:
        raise StartRefused(SET_UP_DONE)
    return link


def ensure_in(db: Db, origin: str) -> str | None:
    """A fresh set-up link below ``origin`` in this transaction, or None where an owner exists."""
    if owner_exists(db):
        return None
    secret = tokens.random_secret()
    row = {"digest": tokens.digest(secret), "expires_at": clock.now() + GOOD_FOR, "used_at": None}
    statement = insert(SetUpLink).values(number=_NUMBER, **row)
    db.run(statement.on_conflict_do_update(index_elements=["number"], set_=row))
    audit.record(db, job_actor("Set-up"), Event.SET_UP_LINK_ISSUED, Subject("setup"))
    return f"{origin}{PATH}?token={secret}"


def reissue_in(db: Db, origin: str) -> str:
    """As ``ensure_in``; refuses (``StartRefused``) where an owner exists."""
    link = ensure_in(db, origin)
    if link is None:
        raise StartRefused(SET_UP_DONE)
    return link


def exchange(db: Db, actor: Actor, token: str) -> str | None:
    """Use the link up for a set-up in this browser: the cookie's secret, or None where it is no good. One event either way."""
    is_good = (
        (SetUpLink.digest == tokens.digest(token)) & SetUpLink.used_at.is_(None) & (SetUpLink.expires_at > clock.now())
    )
    used = 0 if owner_exists(db) else db.run(sa.update(SetUpLink).where(is_good).values(used_at=clock.now()))
    outcome: audit.Outcome = "success" if used else "failure"
    reason = "" if used else "Wrong, used, replaced or over"
    audit.record(db, actor, Event.SET_UP_LINK_USED, Subject("setup"), outcome=outcome, reason=reason)
    return set_up_sessions.start(db) if used else None


def kill(db: Db) -> None:
    """The link is dead: an owner exists."""
    db.run(sa.delete(SetUpLink))

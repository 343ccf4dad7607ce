"""The set-up link: the only way into a fresh installation (ASVS 6.3.2: there is no default account).

256 random bits, one hour, good once: opening it exchanges it for a cookie. A new one replaces it. What is kept is a keyed
MAC over the bits and the end, so that write access to the database does not make a link. None is made, and none is good,
once the installation is set up.
"""

from datetime import datetime, timedelta
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
from app.login.queries import is_set_up

PATH: Final = "/set-up"
GOOD_FOR: Final = timedelta(hours=1)
SET_UP_DONE: Final = "This installation is set up: it has an owner. Sign in, or ask an owner to invite you."
_NUMBER: Final = 1


def ensure(settings: Settings) -> str | None:
    """A fresh set-up link as an address to print, or None where it is set up already. Opens the database for itself."""
    database = open_database(settings, concurrency=1)
    try:
        with database.transaction() as db:
            return ensure_in(db, settings.origin)
    finally:
        database.close()


def reissue(settings: Settings) -> str:
    """As ``ensure``; refuses (``StartRefused``) where it is set up already."""
    link = ensure(settings)
    if link is None:
        raise StartRefused(SET_UP_DONE)
    return link


def ensure_in(db: Db, origin: str) -> str | None:
    """A fresh set-up link below ``origin`` in this transaction, or None where it is set up already."""
    if is_set_up(db):
        return None
    secret, ends = tokens.random_secret(), clock.now() + GOOD_FOR
    row = {"digest": _digest(db, secret, ends), "expires_at": ends}
    statement = insert(SetUpLink).values(number=_NUMBER, **row)
    db.run(statement.on_conflict_do_update(index_elements=["number"], set_=row))
    audit.record(db, job_actor("Set-up"), Event.SET_UP_LINK_ISSUED, Subject("setup"))
    return f"{origin}{PATH}?token={secret}"


def reissue_in(db: Db, origin: str) -> str:
    """As ``ensure_in``; refuses (``StartRefused``) where it is set up already."""
    link = ensure_in(db, origin)
    if link is None:
        raise StartRefused(SET_UP_DONE)
    return link


def exchange(db: Db, actor: Actor, token: str) -> str | None:
    """Use the link up for a set-up in this browser: the cookie's secret, or None where it is no good. One event either way."""
    used = not is_set_up(db) and _use(db, token)
    outcome: audit.Outcome = "success" if used else "failure"
    reason = "" if used else "Wrong, used, replaced or over"
    audit.record(db, actor, Event.SET_UP_LINK_USED, Subject("setup"), outcome=outcome, reason=reason)
    return set_up_sessions.start(db) if used else None


def kill(db: Db) -> None:
    """The link is dead: an owner exists."""
    db.run(sa.delete(SetUpLink))


def _use(db: Db, token: str) -> bool:
    """Use the link up, where this is it and it is not over; of many at once, one does."""
    row = db.row(sa.select(SetUpLink.digest, SetUpLink.expires_at))
    if row is None or row.expires_at <= clock.now():
        return False
    if not tokens.same(row.digest, _digest(db, token, row.expires_at)):
        return False
    return db.run(sa.delete(SetUpLink).where(SetUpLink.digest == row.digest)) == 1


def _digest(db: Db, secret: str, ends: datetime) -> bytes:
    parts = (secret.encode("utf-8", "surrogatepass"), str(int(ends.timestamp())).encode())
    return db.keys.mac("set-up link", *parts)

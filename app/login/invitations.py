"""The link by which a user sets a password: for a new user, a forgotten password, or lost factors.

256 random bits, 72 hours, good once, and a newer link kills the older. The link is the only thing that authorises the
change, judged in the transaction that makes it. It never passes by the authenticator: after it comes the code, or the
enrolment where there is none (ASVS 6.4.3). The link is shown to the administrator who made it, once, and carries itself
to the user by whatever way they choose.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core import audit, clock, tokens
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.login import api_keys, attempts, password_rules, passwords, recovery_codes, sessions, totp
from app.login.models import ACTIVE, Invitation, Password, User, open_user
from app.organisation.queries import get_organisation

PATH: Final = "/invitation"
GOOD_FOR: Final = timedelta(hours=72)
_ID_LENGTH: Final = 32


def issue(db: Db, actor: Actor, user: User) -> str:
    """A new link for an active user, as path and query; older ones are dead. A password they have stays until it is used."""
    secret = tokens.random_secret()
    now = clock.now()
    row = {
        "digest": _digest(db, user.id, secret, now + GOOD_FOR), "created_at": now, "expires_at": now + GOOD_FOR,
    }  # fmt: skip
    statement = insert(Invitation).values(user_id=user.id, **row)
    db.run(statement.on_conflict_do_update(index_elements=["user_id"], set_=row))
    audit.record(db, actor, Event.INVITATION_ISSUED, Subject("user", user.id, open_user(db, user).email))
    return f"{PATH}?token={user.id.hex}{secret}"


def reset_factors(db: Db, actor: Actor, user: User) -> str:
    """Take password, authenticator and recovery codes from a user who lost them, and issue a link.

    Whoever took the factors may have made keys with them: ends the user's sessions, API keys and sign-ins in progress. One
    that was begun with the password that is gone enrols nothing more.
    """
    db.run(sa.delete(Password).where(Password.user_id == user.id))
    totp.remove(db, user.id)
    recovery_codes.remove(db, user.id)
    audit.record(db, actor, Event.FACTORS_RESET, Subject("user", user.id, open_user(db, user).email))
    attempts.end_all(db, user.id)
    sessions.end_all(db, actor, user.id, reason="The user's factors were reset")
    api_keys.revoke_all(db, actor, user.id, reason="The user's factors were reset")
    return issue(db, actor, user)


def withdraw(db: Db, user_id: UUID) -> None:
    """Make the user's link, if there is one, good for nothing."""
    db.run(sa.delete(Invitation).where(Invitation.user_id == user_id))


def find_invited(db: Db, token: str) -> User | None:
    """The active user whom this link invites, or None where it is wrong, used, replaced or over."""
    return _find(db, token)[0]


def accept(db: Db, actor: Actor, token: str, *, password: str) -> User | None:
    """Set the password of the invited user and use the link up; the user, or None where the link is no good.

    Refuses (``Invalid``, ``TooMany``) as ``password_rules`` and ``passwords`` do, and then the link stays good. Ends all
    sessions of the user, and sign-ins in progress.
    """
    user, digest = _find(db, token)
    if user is None:
        return None
    facts = open_user(db, user)
    organisation = get_organisation(db).name
    password_rules.require_good(password, email=facts.email, name=facts.name, organisation=organisation)
    hashed = passwords.hash_of(password)
    locked = db.find(User, user.id, lock=True)
    if locked is None or locked.status != ACTIVE:
        return None
    if db.run(sa.delete(Invitation).where(Invitation.user_id == user.id, Invitation.digest == digest)) == 0:
        return None
    passwords.store(db, user.id, hashed, changed_at=clock.now())
    subject = Subject("user", user.id, facts.email)
    audit.record(db, actor, Event.INVITATION_USED, subject, username=facts.email)
    attempts.end_all(db, user.id)
    sessions.end_all(db, actor, user.id, reason="The password was set by a link")
    return user


def _find(db: Db, token: str) -> tuple[User | None, bytes]:
    try:
        user_id, secret = UUID(hex=token[:_ID_LENGTH]), token[_ID_LENGTH:]
    except ValueError:
        return None, b""
    row = db.row(sa.select(Invitation.digest, Invitation.expires_at).where(Invitation.user_id == user_id))
    if row is None or row.expires_at <= clock.now():
        return None, b""
    if not tokens.same(row.digest, _digest(db, user_id, secret, row.expires_at)):
        return None, b""
    user = db.find(User, user_id)
    return (user, row.digest) if user is not None and user.status == ACTIVE else (None, b"")


def _digest(db: Db, user_id: UUID, secret: str, ends: datetime) -> bytes:
    parts = (user_id.bytes, secret.encode("utf-8", "surrogatepass"), str(int(ends.timestamp())).encode())
    return db.keys.mac("invitation", *parts)

"""What users do to their own factors. Each asks for a fresh code first (the route's guard).

A new password or authenticator ends the user's other sessions, sign-ins in progress and a link to a password; new recovery
codes only end the old codes.
"""

from uuid import UUID

import sqlalchemy as sa

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Invalid, NotFound
from app.login import attempts, invitations, passwords, recovery_codes, sessions, step_up, totp
from app.login.models import User, UserFacts, open_user
from app.login.outcomes import Failed
from app.login.password_rules import require_good
from app.organisation.queries import get_organisation


def change_password(db: Db, actor: Actor, *, current: str, new: str) -> Failed | None:
    """Set a new password. None, or why the present one does not admit to it, which is an event and counts.

    Refuses (``Invalid``) what ``password_rules`` refuses, and then does not look at the present one.
    """
    user_id, facts = _me(db, actor)
    organisation = get_organisation(db).name
    require_good(new, email=facts.email, name=facts.name, organisation=organisation, field="new")
    if failed := step_up.with_password(db, actor, current):
        return failed
    passwords.store(db, user_id, passwords.hash_of(new), changed_at=clock.now())
    _changed(db, actor, Event.PASSWORD_CHANGED, "The password was changed")
    return None


def seed_for(db: Db, actor: Actor) -> tuple[str, str]:
    """A seed for a new authenticator, offered to this session alone, and the account it is for."""
    _, facts = _me(db, actor)
    return totp.offered_seed(db, _session(actor)), facts.email


def replace_authenticator(db: Db, actor: Actor, *, code: str) -> None:
    """Put the offered seed in the place of the present authenticator. Refuses (``Invalid``) a wrong code."""
    user_id, _ = _me(db, actor)
    if not totp.confirm(db, _session(actor), user_id, code, replace=True):
        raise Invalid.field("code", "That code is not right. Enter the one your app shows now.")
    _changed(db, actor, Event.TOTP_ENROLLED, "The authenticator was replaced")


def renew_recovery_codes(db: Db, actor: Actor) -> tuple[str, ...]:
    """Replace all recovery codes; the new ones, for showing once."""
    user_id, facts = _me(db, actor)
    codes = recovery_codes.renew(db, user_id)
    audit.record(db, actor, Event.RECOVERY_CODES_RENEWED, Subject("user", user_id, facts.email))
    return codes


def _me(db: Db, actor: Actor) -> tuple[UUID, UserFacts]:
    row = db.row(sa.select(*User.__table__.columns).where(User.id == actor.user_id).with_for_update())
    if row is None:
        raise NotFound("There is no such user.")
    return row.id, open_user(db, row)


def _session(actor: Actor) -> UUID:
    if actor.session_id is None:
        raise NotFound("There is no such session.")
    return actor.session_id


def _changed(db: Db, actor: Actor, event: Event, reason: str) -> None:
    audit.record(db, actor, event, Subject("user", actor.user_id, actor.label))
    if actor.user_id is not None:
        attempts.end_all(db, actor.user_id)
        sessions.end_all(db, actor, actor.user_id, reason=reason, but=actor.session_id)
        invitations.withdraw(db, actor.user_id)

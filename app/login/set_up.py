"""The first-run wizard's steps: organisation, first owner, authenticator. The owner becomes a user with the last one.

Whatever number of browsers race, one owner is made: the organisation's row is locked, and who comes second finds an owner.
"""

from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict
from app.core.incoming.text import email as email_text
from app.core.permissions import OWNER
from app.login import actions, devices, passwords, recovery_codes, sessions, set_up_sessions, setup_link, totp
from app.login.models import OwnerDraft, email_index
from app.login.outcomes import CODE_NOT_RIGHT, Failed, Passed, Try
from app.login.password_rules import require_good
from app.login.queries import is_set_up
from app.organisation import actions as organisations
from app.organisation.models import Organisation

AFTER: Final = "/integrations"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the authenticator step shows."""

    email: str
    seed: str


def keep_owner(db: Db, actor: Actor, *, email: str, name: str, password: str, organisation: str) -> None:
    """Keep the first owner's facts and the hash of their password. Refuses (``Invalid``) wrong ones, as for any user."""
    actions.check_facts(email, name, [OWNER])
    address = email_text(email)
    require_good(password, email=address, name=name, organisation=organisation)
    draft = OwnerDraft(email=address, name=name.strip(), hash=passwords.hash_of(password))
    set_up_sessions.keep(db, actor.id, draft)


def enrolment(db: Db, actor: Actor) -> Enrolment | None:
    """The seed for the first owner's authenticator; None before the owner's step is done."""
    draft = set_up_sessions.draft(db, actor.id)
    if not draft.hash or actor.id is None:
        return None
    return Enrolment(draft.email, totp.offered_seed(db, actor.id))


def complete(db: Db, actor: Actor, code: str) -> Passed | Failed:
    """Make the first owner, when ``code`` shows that their authenticator works, and sign them in. One event as a sign-in.

    Refuses (``Conflict``) where an owner exists already, or the owner's step is not done.
    """
    organisation = db.session.execute(sa.select(Organisation).with_for_update()).scalar_one()
    draft = set_up_sessions.draft(db, actor.id)
    if is_set_up(db) or not draft.hash or actor.id is None:
        raise Conflict(setup_link.SET_UP_DONE if is_set_up(db) else "Enter the first owner before this step.")
    tried = Try(db, actor, Event.MFA_ATTEMPT, "totp", draft.email, Subject("user", None, draft.email))
    if not totp.proves(db, actor.id, code):
        return tried.failed("Wrong code", CODE_NOT_RIGHT)
    user_id = actions.create(db, actor, email=draft.email, name=draft.name, roles=[OWNER])
    passwords.store(db, user_id, draft.hash, changed_at=clock.now())
    if not totp.confirm(db, actor.id, user_id, code):
        raise Conflict("The code is over. Enter the next one.")
    tried.subject = Subject("user", user_id, draft.email)
    tried.succeeded()
    audit.record(db, actor, Event.TOTP_ENROLLED, tried.subject, method="totp")
    codes = recovery_codes.renew(db, user_id)
    me = replace(actor, kind="user", label=draft.email, id=user_id, user_id=user_id)
    session = sessions.start(db, me, user_id)
    organisations.mark_set_up(db, actor, organisation)
    set_up_sessions.end_all(db)
    setup_link.kill(db)
    return Passed(session, devices.note_for(db, email_index(db, draft.email)), AFTER, codes)

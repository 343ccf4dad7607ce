"""What can happen to a user.

Nobody gives more than they have: only owners make, change or unmake owners, and the last owner who can sign in stays one.
A change of roles ends the user's sessions and sign-ins in progress; a deactivated user's, their API keys and their link to a
password are over at once.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from app.core import audit, clock, logs
from app.core.actor import Actor, job_actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.core.identifiers import new_id
from app.core.incoming.text import email as email_text
from app.core.locks import Lock
from app.core.permissions import OWNER, ROLES, permissions_of, rows_of
from app.core.sealed import DoesNotOpen
from app.login import api_keys, attempts, invitations, sessions
from app.login.models import (
    ACTIVE,
    DEACTIVATED,
    LONGEST_NAME,
    Password,
    Totp,
    User,
    UserFacts,
    email_index,
    has_role,
    open_user,
    user_bound,
)

# Else two owners who remove each other would each hold the row that the other waits for.
_ONE_AT_A_TIME: Final = Lock.USERS
_LINKING: Final = job_actor("login.link_person")
_log = logs.get(__name__)


def create(db: Db, actor: Actor, *, email: str, name: str, roles: Sequence[str], person_id: UUID | None = None) -> UUID:
    """Add a user without a password; an invitation lets them choose one. The new user's id.

    Refuses (``Invalid``) a wrong or taken address, (``NotAllowed``) roles beyond the actor's own.
    """
    check_facts(email, name, roles)
    require_may_grant(actor, roles)
    user = User(
        id=new_id(), email_index=email_index(db, email), roles=sorted(set(roles)), status=ACTIVE, person_id=person_id,
        created_at=clock.now(), last_sign_in_at=None,
    )  # fmt: skip
    facts = UserFacts(email=email_text(email), name=name.strip())
    user.sealed = db.seal(User, user.id, facts, *user_bound(user))
    try:
        with db.savepoint():
            db.add(user)
    except sa.exc.IntegrityError:
        raise Invalid.field("email", "There is a user with this e-mail address already.") from None
    changes = audit.changed({}, {"roles": ", ".join(user.roles), "name": facts.name})
    audit.record(db, actor, Event.USER_CREATED, Subject("user", user.id, facts.email), changes=changes)
    return user.id


def change_roles(db: Db, actor: Actor, user: User, *, roles: Sequence[str]) -> None:
    """Set the user's roles and end their sessions. Refuses more than the actor has, and the last owner's step down."""
    require_may_touch(actor, user)
    _check_roles(roles)
    require_may_grant(actor, roles)
    after = sorted(set(roles))
    if after == sorted(user.roles):
        return
    if OWNER in user.roles and OWNER not in after:
        _require_another_owner(db, user)
    changes = audit.changed({"roles": ", ".join(sorted(user.roles))}, {"roles": ", ".join(after)})
    facts = open_user(db, user)
    user.roles = after
    _save(db, user, facts)
    audit.record(db, actor, Event.USER_CHANGED, _subject(user, facts), changes=changes)
    attempts.end_all(db, user.id)
    sessions.end_all(db, actor, user.id, reason="The user's roles were changed")


def rename(db: Db, actor: Actor, user: User, *, name: str) -> None:
    """Set the user's name."""
    require_may_touch(actor, user)
    facts = open_user(db, user)
    check_facts(facts.email, name, user.roles)
    after = UserFacts(email=facts.email, name=name.strip())
    changes = audit.changed({"name": facts.name}, {"name": after.name})
    if changes:
        _save(db, user, after)
        audit.record(db, actor, Event.USER_CHANGED, _subject(user, after), changes=changes)


def deactivate(db: Db, actor: Actor, user: User) -> None:
    """Keep the user out from the next request on: sessions, API keys and their link end. Refuses oneself and the last owner."""
    require_may_touch(actor, user)
    if user.id == actor.user_id:
        raise Conflict("You cannot deactivate yourself. Ask another owner or administrator.")
    if user.status == DEACTIVATED:
        return
    if OWNER in user.roles:
        _require_another_owner(db, user)
    facts = open_user(db, user)
    user.status = DEACTIVATED
    _save(db, user, facts)
    audit.record(db, actor, Event.USER_DEACTIVATED, _subject(user, facts))
    attempts.end_all(db, user.id)
    sessions.end_all(db, actor, user.id, reason="The user was deactivated")
    api_keys.revoke_all(db, actor, user.id, reason="The user was deactivated")
    invitations.withdraw(db, user.id)


def reactivate(db: Db, actor: Actor, user: User) -> None:
    """Let the user sign in again, with the password and authenticator they had; revoked keys stay revoked."""
    require_may_touch(actor, user)
    if user.status == ACTIVE:
        return
    facts = open_user(db, user)
    user.status = ACTIVE
    _save(db, user, facts)
    audit.record(db, actor, Event.USER_REACTIVATED, _subject(user, facts))


def link_person(db: Db, user_email_index: bytes, person_id: UUID | None, *, actor: Actor = _LINKING) -> bool:
    """Note who the person behind a user is (None: nobody known); whether there is such a user. For the people room.

    A user who was altered by hand stays as they are, which admits them nowhere, and shows as altered: they must neither be
    sealed again nor stop what happens to people.
    """
    user = db.session.execute(
        sa.select(User).where(User.email_index == user_email_index).with_for_update()
    ).scalar_one_or_none()
    if user is None:
        return False
    try:
        facts = open_user(db, user)
    except DoesNotOpen:
        _log.warning("user.altered", user=str(user.id))
        return False
    if user.person_id != person_id:
        changes = audit.changed({"person": user.person_id}, {"person": person_id})
        user.person_id = person_id
        _save(db, user, facts)
        audit.record(db, actor, Event.USER_CHANGED, _subject(user, facts), changes=changes)
    return True


def get_for_change(db: Db, user_id: UUID) -> User:
    """A user's row, locked until the transaction ends; changes of users happen one at a time.

    Refuses (``NotFound``), and (``Conflict``) a row that was altered by hand: it signs in nowhere, and must not be
    sealed again as it is.
    """
    db.value(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    user = db.find(User, user_id, lock=True)
    if user is None:
        raise NotFound("There is no such user.")
    try:
        open_user(db, user)
    except DoesNotOpen:
        raise Conflict("This user was altered in the database by hand. They cannot sign in; restore the row.") from None
    return user


def check_facts(email: str, name: str, roles: Sequence[str]) -> None:
    """Refuse (``Invalid``) a wrong address, name or role, one message per field."""
    wrong = []
    try:
        email_text(email)
    except ValueError as error:
        wrong.append(FieldError("email", str(error)))
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        wrong.append(FieldError("name", f"Enter a name, up to {LONGEST_NAME} characters."))
    if wrong:
        raise Invalid("Some fields are wrong.", fields=tuple(wrong))
    _check_roles(roles)


def require_may_grant(actor: Actor, roles: Sequence[str]) -> None:
    """Refuse (``NotAllowed``) roles that permit or show more than the actor's own; only an owner, or set-up, makes owners."""
    if actor.kind == "setup":
        return
    if OWNER in roles and OWNER not in actor.roles:
        raise NotAllowed("Only an owner can make somebody an owner.")
    if not permissions_of(roles) <= actor.permissions or rows_of(roles) > actor.rows:
        raise NotAllowed("You cannot give a role that may do more than yours.")


def require_may_touch(actor: Actor, user: User) -> None:
    """Refuse (``NotAllowed``) to change an owner, unless the actor is one."""
    if OWNER in user.roles and OWNER not in actor.roles:
        raise NotAllowed("Only an owner can change an owner.")


def _require_another_owner(db: Db, user: User) -> None:
    """Refuse unless another active owner with all factors remains."""
    owners = db.rows(
        sa.select(User.id, Password.user_id, Totp.user_id)
        .outerjoin(Password, Password.user_id == User.id)
        .outerjoin(Totp, Totp.user_id == User.id)
        .where(has_role(OWNER), User.status == ACTIVE)
    )
    if not any(all(row) for row in owners if row[0] != user.id):
        raise Conflict("This is the last owner who can sign in. Make somebody else an owner first.")


def _check_roles(roles: Sequence[str]) -> None:
    if not roles or not set(roles) <= set(ROLES):
        raise Invalid.field("roles", "Choose at least one role.")


def _save(db: Db, user: User, facts: UserFacts) -> None:
    user.sealed = db.seal(User, user.id, facts, *user_bound(user))
    db.session.add(user)
    db.session.flush()


def _subject(user: User, facts: UserFacts) -> Subject:
    return Subject("user", user.id, facts.email)

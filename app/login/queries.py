"""Reading users. Their number is that of people who sign in to us, so a list opens all and sorts by name."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core.audit import Event, EventRow
from app.core.database import Db
from app.core.errors import NotFound
from app.core.permissions import ROLES
from app.core.sealed import DoesNotOpen
from app.login.models import ACTIVE, Invitation, Password, Totp, User, UserFacts, email_index, has_role, open_user


class UserOut(msgspec.Struct, frozen=True):
    """A user as those who manage users see them; nothing of a credential but whether there is one."""

    id: UUID
    email: str
    name: str
    roles: tuple[str, ...]
    status: str
    person_id: UUID | None
    created_at: datetime
    last_sign_in_at: datetime | None
    has_password: bool
    has_authenticator: bool
    invited_until: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether the user may sign in at all."""
        return self.status == ACTIVE

    @property
    def label(self) -> str:
        """How the user is named in a sentence."""
        return self.name or self.email

    @property
    def role_labels(self) -> str:
        """The roles in words."""
        return ", ".join(ROLES[role].label for role in self.roles if role in ROLES)


_USERS = (
    sa.select(
        *User.__table__.columns,
        Password.user_id.is_not(None).label("has_password"),
        Totp.user_id.is_not(None).label("has_authenticator"),
        Invitation.expires_at.label("invited_until"),
    )
    .outerjoin(Password, Password.user_id == User.id)
    .outerjoin(Totp, Totp.user_id == User.id)
    .outerjoin(Invitation, Invitation.user_id == User.id)
)


def get_user(db: Db, user_id: UUID) -> UserOut:
    """One user. Refuses (``NotFound``)."""
    row = db.row(_USERS.where(User.id == user_id))
    if row is None:
        raise NotFound("There is no such user.")
    return _opened(db, row)


def find_user_by_email(db: Db, address: str) -> UserOut | None:
    """The user with this address, in any case."""
    row = db.row(_USERS.where(User.email_index == email_index(db, address)))
    return None if row is None else _opened(db, row)


def list_users(db: Db, *, text: str = "", role: str = "", status: str = "") -> list[UserOut]:
    """All users by name, or those whose name or address holds ``text`` and who have the role and status."""
    statement = _USERS
    if role:
        statement = statement.where(has_role(role))
    if status:
        statement = statement.where(User.status == status)
    wanted = text.strip().casefold()
    users = [_opened(db, row) for row in db.rows(statement)]
    found = [user for user in users if wanted in user.name.casefold() or wanted in user.email.casefold()]
    return sorted(found, key=lambda user: (user.label.casefold(), user.email))


def labels_of(db: Db, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these users; who does not exist is left out."""
    rows = db.rows(_USERS.where(User.id.in_(list(user_ids)))) if user_ids else ()
    return {user.id: user.label for user in (_opened(db, row) for row in rows)}


def is_set_up(db: Db) -> bool:
    """Whether a first owner was ever made: then the set-up link is dead for good.

    Any user is a yes, whatever their row says now, and so is the event, which the application's role cannot delete: roles
    are plain, and a hand that took them from everybody would open the set-up again.
    """
    was_done = sa.exists().where(EventRow.action == Event.SET_UP.value)
    return bool(db.value(sa.select(sa.exists().select_from(User.__table__) | was_done)))


def _opened(db: Db, row: sa.Row[Any]) -> UserOut:
    try:
        facts = open_user(db, row)
    except DoesNotOpen:
        facts = UserFacts(email="(altered in the database)")
    return UserOut(
        id=row.id, email=facts.email, name=facts.name, roles=tuple(row.roles), status=row.status,
        person_id=row.person_id, created_at=row.created_at, last_sign_in_at=row.last_sign_in_at,
        has_password=row.has_password, has_authenticator=row.has_authenticator, invited_until=row.invited_until,
    )  # fmt: skip

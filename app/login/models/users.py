"""Users and their factors; what lets a browser or a program act as one of them is in ``sessions``.

A user is someone who signs in to us. Every credential is sealed, or is the SHA-256 of random bits that only its holder
has; what a user may do is bound into the sealed facts, so a role changed by hand in the database does not open.
"""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base, Db
from app.core.sealed import Facts

UserStatus = Literal["active", "deactivated"]
ACTIVE: Final = "active"
DEACTIVATED: Final = "deactivated"
LONGEST_NAME: Final = 200


class UserFacts(Facts, frozen=True):
    """The sealed part of a user."""

    email: str = ""
    name: str = ""


class User(Base):
    """Someone who signs in to us. ``person_id`` is the person behind them, when one is known (people is a room above)."""

    __tablename__ = "users"

    id: Mapped[UUID] = columns.row_id()
    email_index: Mapped[bytes] = columns.blind_index(unique=True)
    roles: Mapped[list[str]] = columns.plain(sa.ARRAY(sa.Text))
    status: Mapped[str] = columns.plain(sa.String(20))
    person_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True, index=True)
    created_at: Mapped[datetime] = columns.moment()
    last_sign_in_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


def email_index(db: Db, address: str) -> bytes:
    """The blind index of an e-mail address; the same as that of people's and accounts' addresses, so SQL can compare.

    What is no address (nor any look-alike of one) gets an index of its own, which no user has.
    """
    return db.keys.address_index(address)


def has_role(role: str) -> sa.ColumnElement[bool]:
    """The users who have a role."""
    return sa.literal(role) == sa.any_(User.__table__.c.roles)


def user_bound(user: Any) -> tuple[object, ...]:
    """The security columns of a user (an object or a row that names them so) that its sealed facts are bound to."""
    return (user.email_index.hex(), ",".join(user.roles), user.status, user.person_id)


def open_user(db: Db, user: Any) -> UserFacts:
    """The sealed facts of a user. Raises ``DoesNotOpen`` where a bound column was changed by hand."""
    return db.open(UserFacts, User, user.id, user.sealed, *user_bound(user))


class PasswordFacts(Facts, frozen=True):
    """The Argon2id hash in its own notation (parameters, salt, hash)."""

    hash: str = ""


class Password(Base):
    """A user's password; without a row there is none yet. Sealed, so the hash cannot be attacked without the key file."""

    __tablename__ = "passwords"

    user_id: Mapped[UUID] = columns.reference("users.id", primary_key=True, index=False)
    credential: Mapped[bytes] = columns.credential()
    changed_at: Mapped[datetime] = columns.moment()


class SeedFacts(Facts, frozen=True):
    """A TOTP seed in base32. ``last_step`` is the newest time step accepted; none is accepted twice."""

    seed: str = ""
    last_step: int = 0


class Totp(Base):
    """A user's confirmed authenticator. Its newest step is sealed with the seed, so that no hand sets it back."""

    __tablename__ = "totp"

    user_id: Mapped[UUID] = columns.reference("users.id", primary_key=True, index=False)
    credential: Mapped[bytes] = columns.credential()
    confirmed_at: Mapped[datetime] = columns.moment()


class TotpEnrolment(Base):
    """A seed that was shown and not yet confirmed.

    It belongs to one holder (a sign-in, a session or a set-up), never to the user: a seed that somebody else was shown
    must not become the owner's.
    """

    __tablename__ = "totp_enrolments"

    holder_id: Mapped[UUID] = columns.row_id()
    credential: Mapped[bytes] = columns.credential()
    started_at: Mapped[datetime] = columns.moment()


class RecoveryCode(Base):
    """One recovery code: a keyed MAC over its user and 120 random bits (ASVS 6.5.2). One that was used is no row."""

    __tablename__ = "recovery_codes"

    digest: Mapped[bytes] = columns.credential(primary_key=True)
    user_id: Mapped[UUID] = columns.reference("users.id")
    created_at: Mapped[datetime] = columns.moment()


class Invitation(Base):
    """A link that lets a user set a password; good once, and a newer one replaces it.

    ``digest`` is a keyed MAC over user, end and 256 random bits, so that none of them can be changed by hand.
    """

    __tablename__ = "invitations"

    user_id: Mapped[UUID] = columns.reference("users.id", primary_key=True, index=False)
    digest: Mapped[bytes] = columns.credential(unique=True)
    created_at: Mapped[datetime] = columns.moment()
    expires_at: Mapped[datetime] = columns.moment()

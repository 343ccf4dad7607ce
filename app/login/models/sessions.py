"""What lets a browser or a program act: sign-ins in progress, sessions, API keys, the first-run set-up, the throttle.

All secrets are 256 random bits kept as their SHA-256; what admits or refuses is a plain column bound into the sealed
facts, so that nobody who can write to the database makes a thing live again. What is used up is no row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base
from app.core.sealed import Facts


class AttemptFacts(Facts, frozen=True):
    """The sealed part of a sign-in in progress: the user name as the trail shows it, and where to go afterwards."""

    username: str = ""
    next: str = "/"


class Attempt(Base):
    """A sign-in whose first factor was right. ``stage`` is "code" or, where no authenticator is enrolled, "enrol"."""

    __tablename__ = "attempts"

    id: Mapped[UUID] = columns.row_id()
    digest: Mapped[bytes] = columns.credential(unique=True)
    user_id: Mapped[UUID] = columns.reference("users.id")
    stage: Mapped[str] = columns.plain(sa.String(10))
    tries: Mapped[int] = columns.plain(sa.SmallInteger, server_default="0")
    started_at: Mapped[datetime] = columns.moment(index=True)
    ended_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


def attempt_bound(attempt: Any) -> tuple[object, ...]:
    """The columns of a sign-in that its sealed facts are bound to."""
    return (attempt.digest.hex(), attempt.user_id, attempt.stage, attempt.tries, attempt.started_at, attempt.ended_at)


class SessionFacts(Facts, frozen=True):
    """The sealed part of a session: where it was started from."""

    ip: str = ""
    user_agent: str = ""


class Session(Base):
    """A signed-in browser. Its secret changes with every elevation; ``fresh_at`` is the moment of its last factor.

    One that ended is no row.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = columns.row_id()
    digest: Mapped[bytes] = columns.credential(unique=True)
    user_id: Mapped[UUID] = columns.reference("users.id")
    started_at: Mapped[datetime] = columns.moment()
    last_seen_at: Mapped[datetime] = columns.moment()
    fresh_at: Mapped[datetime] = columns.moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


def session_bound(session: Any) -> tuple[object, ...]:
    """The columns of a session that its sealed facts are bound to."""
    return (session.digest.hex(), session.user_id, session.started_at, session.last_seen_at, session.fresh_at)


class ApiKeyFacts(Facts, frozen=True):
    """The sealed part of an API key."""

    name: str = ""


class ApiKey(Base):
    """A key for programs: acts for its user, with its scopes cut with that user's present rights."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = columns.row_id()
    user_id: Mapped[UUID] = columns.reference("users.id")
    digest: Mapped[bytes] = columns.credential()
    scopes: Mapped[list[str]] = columns.plain(sa.ARRAY(sa.Text))
    created_at: Mapped[datetime] = columns.moment()
    expires_at: Mapped[datetime] = columns.moment()
    last_used_at: Mapped[datetime | None] = columns.optional_moment()
    revoked_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


def api_key_bound(key: Any) -> tuple[object, ...]:
    """The columns of an API key that its sealed facts are bound to."""
    return (key.digest.hex(), key.user_id, ",".join(key.scopes), key.expires_at, key.revoked_at)


class SetUpLink(Base):
    """The one live set-up link; a newer one replaces it, and one that was used is no row.

    ``digest`` is a keyed MAC over its end and 256 random bits: who can write to the database, and no more, makes none.
    """

    __tablename__ = "set_up_links"

    number: Mapped[int] = columns.plain(sa.SmallInteger, primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = columns.credential()
    expires_at: Mapped[datetime] = columns.moment()


class OwnerDraft(Facts, frozen=True):
    """The first owner before they are real; ``hash`` is the Argon2id hash of the chosen password."""

    email: str = ""
    name: str = ""
    hash: str = ""


class SetUpSession(Base):
    """A browser that opened the set-up link; keeps what was typed, so that the wizard can be resumed."""

    __tablename__ = "set_up_sessions"

    id: Mapped[UUID] = columns.row_id()
    digest: Mapped[bytes] = columns.credential(unique=True)
    started_at: Mapped[datetime] = columns.moment()
    credential: Mapped[bytes] = columns.credential()


class Throttle(Base):
    """How often something failed since ``since``. ``key`` is a keyed MAC of what is counted."""

    __tablename__ = "throttle"

    key: Mapped[bytes] = columns.plain(sa.LargeBinary(32), primary_key=True)
    failures: Mapped[int] = columns.plain(sa.Integer)
    since: Mapped[datetime] = columns.moment(index=True)

"""API keys: minted from a fresh session, shown once, never stronger than their user is at the moment of use.

A key holds scopes its user had when it was made, never those that only a session may use (``SESSION_ONLY``); at each
request they are cut with the user's present rights. It ends by its date, by revoking, or with its user; both moments are
bound to what is sealed, so no hand in the database takes them back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core import audit, clock, tokens
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, FieldError, Invalid, NotFound
from app.core.permissions import SESSION_ONLY, Permission
from app.core.sealed import DoesNotOpen
from app.login.models import LONGEST_NAME, ApiKey, ApiKeyFacts, api_key_bound

DEFAULT_DAYS: Final = 90
MOST_DAYS: Final = 365
MOST_KEYS: Final = 50


class ApiKeyOut(msgspec.Struct, frozen=True):
    """A key as its user sees it; the secret was shown when it was made."""

    id: UUID
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def state(self) -> str:
        """In a word: Active, Expired or Revoked."""
        if self.revoked_at is not None:
            return "Revoked"
        return "Active" if self.expires_at > clock.now() else "Expired"

    @property
    def start(self) -> str:
        """The part of the key that may be shown, by which its holder recognises it."""
        return f"{tokens.API_KEY}_{self.id.hex[:12]}…"


def scopes_for(actor: Actor) -> tuple[Permission, ...]:
    """The scopes that the actor can give to a key: what they may do, without what only a session may."""
    return tuple(sorted(actor.permissions - SESSION_ONLY))


def mint(db: Db, actor: Actor, *, name: str, scopes: Sequence[str], days: int = DEFAULT_DAYS) -> str:
    """Make a key for the actor; its text, which is never to be had again.

    Refuses (``Invalid``) scopes beyond the actor's, an end beyond 365 days, no name; (``Conflict``) a 51st live key.
    """
    _check(actor, name, scopes, days)
    live = (ApiKey.user_id == actor.user_id) & ApiKey.revoked_at.is_(None) & (ApiKey.expires_at > clock.now())
    if int(db.value(sa.select(sa.func.count()).select_from(ApiKey).where(live))) >= MOST_KEYS:
        raise Conflict(f"You have {MOST_KEYS} keys in use. Revoke one that is no longer needed.")
    token = tokens.make()
    now = clock.now()
    row = ApiKey(
        id=token.id, user_id=actor.user_id, digest=token.digest, scopes=sorted(set(scopes)), created_at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip
    row.sealed = db.seal(ApiKey, row.id, ApiKeyFacts(name=name.strip()), *api_key_bound(row))
    db.add(row)
    detail: dict[str, str | int | bool | None] = {"scopes": ", ".join(row.scopes), "days": days}
    audit.record(db, actor, Event.API_KEY_CREATED, Subject("api_key", row.id, name.strip()), detail=detail)
    return token.text


def revoke(db: Db, actor: Actor, user_id: UUID | None, key_id: UUID) -> None:
    """End one key of a user, from the next request on. Refuses (``NotFound``) a key that is another's.

    Whose keys the actor may revoke is for the caller to say.
    """
    found = [key for key in list_keys(db, user_id) if key.id == key_id]
    if not found:
        raise NotFound("There is no such key.")
    if _end(db, (ApiKey.id == key_id) & (ApiKey.user_id == user_id)):
        audit.record(db, actor, Event.API_KEY_REVOKED, Subject("api_key", key_id, found[0].name))


def revoke_all(db: Db, actor: Actor, user_id: UUID, *, reason: str) -> int:
    """End all keys of a user; how many they were. One event each."""
    live = [key for key in list_keys(db, user_id) if key.revoked_at is None]
    for key in live:
        audit.record(db, actor, Event.API_KEY_REVOKED, Subject("api_key", key.id, key.name), reason=reason)
    return _end(db, ApiKey.user_id == user_id) if live else 0


def list_keys(db: Db, user_id: UUID | None) -> list[ApiKeyOut]:
    """The keys of a user, newest first, revoked and expired ones included."""
    rows = db.rows(sa.select(*ApiKey.__table__.columns).where(ApiKey.user_id == user_id).order_by(ApiKey.id.desc()))
    return [
        ApiKeyOut(
            id=row.id, name=_name(db, row),
            scopes=tuple(row.scopes), created_at=row.created_at, expires_at=row.expires_at,
            last_used_at=row.last_used_at, revoked_at=row.revoked_at,
        )
        for row in rows
    ]  # fmt: skip


def _name(db: Db, row: Any) -> str:
    facts = _facts(db, row)
    return "(altered in the database)" if facts is None else facts.name


def _facts(db: Db, row: Any) -> ApiKeyFacts | None:
    try:
        return db.open(ApiKeyFacts, ApiKey, row.id, row.sealed, *api_key_bound(row))
    except DoesNotOpen:
        return None


def _end(db: Db, which: sa.ColumnElement[bool]) -> int:
    """Revoke keys, sealed as revoked; one that was altered stays as it is besides, and so opens for nobody."""
    live = sa.select(ApiKey).where(which, ApiKey.revoked_at.is_(None)).order_by(ApiKey.id).with_for_update()
    rows = db.session.scalars(live, execution_options={"populate_existing": True}).all()
    for row in rows:
        facts = _facts(db, row)
        row.revoked_at = clock.now()
        if facts is not None:
            row.sealed = db.seal(ApiKey, row.id, facts, *api_key_bound(row))
    db.session.flush()
    return len(rows)


def _check(actor: Actor, name: str, scopes: Sequence[str], days: int) -> None:
    wrong = []
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        wrong.append(FieldError("name", f"Enter a name, up to {LONGEST_NAME} characters."))
    if not scopes or not set(scopes) <= set(scopes_for(actor)):
        wrong.append(FieldError("scopes", "Choose at least one scope, among those that you have."))
    if not 1 <= days <= MOST_DAYS:
        wrong.append(FieldError("days", f"Choose between 1 and {MOST_DAYS} days."))
    if wrong:
        raise Invalid("Some fields are wrong.", fields=tuple(wrong))

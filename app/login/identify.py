"""Who sends a request: one query for a session, one for an API key, none for a stranger. On the path of every request.

Nothing is cached: a session that ended, a key that was revoked, a role that was taken is gone at the next request. What
is bound is opened, so a row that was changed by hand signs nobody in. A key is read on ``/api/`` paths alone and never
beside a session; two session cookies are refused, since one of them may have been planted (SES-02).
"""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from fastapi import Request

from app.core import clock, tokens
from app.core.actor import Actor, anonymous
from app.core.database import Db
from app.core.errors import NotSignedIn, Refusal
from app.core.permissions import SESSION_ONLY, Permission, permissions_of, rows_of
from app.core.prepared import Prepared
from app.core.sealed import DoesNotOpen
from app.login import refused_keys, set_up_sessions
from app.login.models import (
    ACTIVE,
    ApiKey,
    ApiKeyFacts,
    Session,
    SessionFacts,
    User,
    UserFacts,
    api_key_bound,
    session_bound,
    user_bound,
)
from app.login.sessions import ABSOLUTE, COOKIE, IDLE, SEEN_EVERY

_LONGEST_AGENT: Final = 300
_NO_KEY: Final = "This is not an API key of this installation."
_users, _sessions, _keys = User.__table__.c, Session.__table__.c, ApiKey.__table__.c
_USER = (
    _users.id.label("user_id"), _users.email_index, _users.roles, _users.status, _users.person_id,
    _users.sealed.label("user_sealed"),
)  # fmt: skip
_SESSION = Prepared(
    sa.select(
        _sessions.id, _sessions.digest, _sessions.started_at, _sessions.last_seen_at, _sessions.fresh_at,
        _sessions.sealed, *_USER,
    )
    .join_from(Session.__table__, User.__table__, _users.id == _sessions.user_id)
    .where(_sessions.digest == sa.bindparam("digest"))
)  # fmt: skip
_KEY = Prepared(
    sa.select(
        _keys.id, _keys.digest, _keys.scopes, _keys.expires_at, _keys.revoked_at, _keys.last_used_at, _keys.sealed,
        *_USER,
    )
    .join_from(ApiKey.__table__, User.__table__, _users.id == _keys.user_id)
    .where(_keys.id == sa.bindparam("id"))
)  # fmt: skip
_SEEN = sa.update(Session).where(
    Session.id.in_(
        sa.select(Session.id)
        .where(
            Session.id == sa.bindparam("session"),
            Session.digest == sa.bindparam("as_read"),
            Session.last_seen_at < sa.bindparam("before"),
        )
        .with_for_update(skip_locked=True)
    )
)
_USED = sa.update(ApiKey).where(
    ApiKey.id.in_(
        sa.select(ApiKey.id)
        .where(
            ApiKey.id == sa.bindparam("key"),
            ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < sa.bindparam("before")),
        )
        .with_for_update(skip_locked=True)
    )
)


def identify(request: Request, db: Db) -> Actor:
    """The actor of a request; anonymous without credentials or with a session that is over.

    Refuses (``NotSignedIn``) a key that is not good, (``Refusal``) a key beside a session.
    """
    secrets = _cookies(request, COOKIE)
    bearer = _bearer(request)
    if bearer:
        if secrets:
            raise Refusal("Send an API key or a session, not both.")
        return _by_key(request, db, bearer)
    if len(secrets) == 1 and (actor := _by_session(request, db, secrets[0])):
        return actor
    if not secrets and (opened := _cookies(request, set_up_sessions.COOKIE)):
        found = set_up_sessions.find(db, opened[0]) if len(opened) == 1 else None
        if found is not None:
            return Actor("setup", "Set-up", id=found, **_origin(request))
    return anonymous(**_origin(request))


def _by_session(request: Request, db: Db, secret: str) -> Actor | None:
    row = _SESSION.row(db, {"digest": tokens.digest(secret)})
    now = clock.now()
    if row is None or row.status != ACTIVE or row.last_seen_at <= now - IDLE or row.started_at <= now - ABSOLUTE:
        return None
    try:
        facts = db.open(SessionFacts, Session, row.id, row.sealed, *session_bound(row))
        label = _email(db, row)
    except DoesNotOpen:
        return None
    if row.last_seen_at < now - SEEN_EVERY:
        _note_seen(db, row, facts, now)
    roles = tuple(row.roles)
    return Actor(
        "user", label, id=row.user_id, user_id=row.user_id, person_id=row.person_id, session_id=row.id, roles=roles,
        permissions=permissions_of(roles), rows=rows_of(roles), fresh_at=row.fresh_at, **_origin(request),
    )  # fmt: skip


def _note_seen(db: Db, row: Any, facts: SessionFacts, now: datetime) -> None:
    # Not over a new secret that the session got meanwhile: what is sealed here is of the one that was read.
    sealed = db.seal(Session, row.id, facts, *session_bound(row._replace(last_seen_at=now)))
    known = {"session": row.id, "as_read": row.digest, "before": now - SEEN_EVERY}
    db.run(_SEEN.values(last_seen_at=now, sealed=sealed), known)


def _by_key(request: Request, db: Db, text: str) -> Actor:
    parsed = tokens.parse(text)
    row = _KEY.row(db, {"id": parsed[0]}) if parsed else None
    stranger = anonymous(**_origin(request))
    if parsed is None or row is None:
        refused_keys.remember(request, stranger, "Not a key of this installation")
        raise NotSignedIn(_NO_KEY)
    try:
        name = db.open(ApiKeyFacts, ApiKey, row.id, row.sealed, *api_key_bound(row)).name
        email = _email(db, row)
    except DoesNotOpen:
        name = email = ""
    now = clock.now()
    reason, answer = _why_not(row, parsed[1], now, is_whole=bool(email))
    if reason:
        refused_keys.remember(request, stranger, reason, key_id=row.id, user=email)
        raise NotSignedIn(answer)
    if row.last_used_at is None or row.last_used_at < now - SEEN_EVERY:
        db.run(_USED.values(last_used_at=now), {"key": row.id, "before": now - SEEN_EVERY})
    roles = tuple(row.roles)
    return Actor(
        "api_key", f"{email} · key {name}", id=row.id, user_id=row.user_id, person_id=row.person_id, roles=roles,
        permissions=_cut(row.scopes, roles), rows=rows_of(roles), **_origin(request),
    )  # fmt: skip


def _why_not(row: Any, digest: bytes, now: datetime, *, is_whole: bool) -> tuple[str, str]:
    """Why a key is refused, for the trail and for who sent it; who does not have its secret learns nothing of it."""
    if not tokens.same(digest, row.digest):
        return "Wrong secret", _NO_KEY
    if row.revoked_at is not None or row.expires_at <= now or row.status != ACTIVE:
        reason = "The key is revoked" if row.revoked_at else "The key has ended, or its user is deactivated"
        return reason, "This API key is revoked or has ended. Make a new one under Settings, API keys."
    if not is_whole:
        return "The key was altered", "This API key was altered. Make a new one under Settings, API keys."
    return "", ""


def _cut(scopes: list[str], roles: tuple[str, ...]) -> frozenset[Permission]:
    return frozenset(permissions_of(roles).intersection(scopes) - SESSION_ONLY)


def _email(db: Db, row: Any) -> str:
    return db.open(UserFacts, User, row.user_id, row.user_sealed, *user_bound(row)).email


def _bearer(request: Request) -> str:
    """The key of an API request, or "". Only one ``Authorization`` header of one scheme is a key."""
    sent = request.headers.getlist("authorization") if request.url.path.startswith("/api/") else []
    if not sent:
        return ""
    scheme, _, key = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not key.strip():
        raise NotSignedIn("Send the API key once, as: Authorization: Bearer swk_…")
    return key.strip()


def _cookies(request: Request, name: str) -> list[str]:
    """Every value sent under a name; Starlette's own reading would hide a second one."""
    found = []
    for header in request.headers.getlist("cookie"):
        for part in header.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                found.append(value)
    return found


def _origin(request: Request) -> dict[str, Any]:
    client = request.client.host if request.client else ""
    return {
        "ip": getattr(request.state, "client_ip", client),
        "user_agent": request.headers.get("user-agent", "")[:_LONGEST_AGENT],
        "request_id": getattr(request.state, "request_id", ""),
    }

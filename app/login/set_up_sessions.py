"""Browsers that opened the set-up link: what lets them, and nobody else, go through the first-run wizard.

Two hours, 256 random bits hashed, and gone once an owner exists. What is typed is kept here, sealed, so that the wizard
can be resumed; the first owner is no user before their authenticator is confirmed.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from fastapi import Response

from app.core import clock, tokens
from app.core.database import Db
from app.core.identifiers import new_id
from app.core.sealed import DoesNotOpen
from app.login.models import OwnerDraft, SetUpSession
from app.login.queries import is_set_up

COOKIE: Final = "__Host-set-up"
GOOD_FOR: Final = timedelta(hours=2)


def start(db: Db) -> str:
    """Begin a set-up in a browser; its secret."""
    secret = tokens.random_secret()
    row = SetUpSession(id=new_id(), digest=tokens.digest(secret), started_at=clock.now())
    row.credential = _seal(db, row, OwnerDraft())
    db.add(row)
    return secret


def find(db: Db, secret: str) -> UUID | None:
    """The set-up that a cookie belongs to, if it is still good; none once the installation is set up, whatever row is there."""
    row = db.row(
        sa.select(*SetUpSession.__table__.columns).where(
            SetUpSession.digest == tokens.digest(secret), SetUpSession.started_at > clock.now() - GOOD_FOR
        )
    )
    if row is None or is_set_up(db):
        return None
    try:
        _open(db, row)
    except DoesNotOpen:
        return None
    return UUID(str(row.id))


def draft(db: Db, set_up_id: UUID | None) -> OwnerDraft:
    """What was typed of the first owner."""
    row = db.row(sa.select(*SetUpSession.__table__.columns).where(SetUpSession.id == set_up_id))
    return OwnerDraft() if row is None else _open(db, row)


def keep(db: Db, set_up_id: UUID | None, typed: OwnerDraft) -> None:
    """Keep what was typed of the first owner."""
    row = db.session.execute(sa.select(SetUpSession).where(SetUpSession.id == set_up_id)).scalar_one()
    row.credential = _seal(db, row, typed)
    db.session.flush()


def end_all(db: Db) -> None:
    """No set-up goes on from here: an owner exists."""
    db.run(sa.delete(SetUpSession))


def set_cookie(response: Response, secret: str) -> None:
    """Hand the set-up to the browser."""
    seconds = int(GOOD_FOR.total_seconds())
    response.set_cookie(COOKIE, secret, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def clear_cookie(response: Response) -> None:
    """Take the set-up from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def _seal(db: Db, row: Any, facts: OwnerDraft) -> bytes:
    return db.seal(SetUpSession, row.id, facts, row.digest.hex(), row.started_at)


def _open(db: Db, row: Any) -> OwnerDraft:
    return db.open(OwnerDraft, SetUpSession, row.id, row.credential, row.digest.hex(), row.started_at)

"""Who am I, over JSON: what a key or session is, and may do at this moment."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.errors import NotSignedIn
from app.login import queries
from app.web.answers import answer, documented
from app.web.guards import public
from app.web.router import Router

router = Router()


class MeOut(msgspec.Struct, frozen=True):
    """The caller. ``scopes`` are the permissions it has now; for a key, its scopes cut with its user's present rights."""

    kind: str
    label: str
    user_id: UUID
    email: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    person_id: UUID | None


_EXAMPLE = MeOut(
    kind="api_key",
    label="ada@example.com · key Reporting",
    user_id=UUID("01939b8e-7c00-7000-8000-000000000001"),
    email="ada@example.com",
    roles=("it",),
    scopes=("apps:read", "people:read"),
    person_id=None,
)


@router.get("/api/v1/me", tags=["Me"], summary="Who am I", **documented(MeOut, _EXAMPLE))
def me(actor: Annotated[Actor, public("tells a caller who it is, and a stranger 401")], db: Transaction) -> Response:
    """Who the key or session belongs to, and what it may do at this moment."""
    if actor.user_id is None:
        raise NotSignedIn("Sign in, or send an API key.")
    user = queries.get_user(db, actor.user_id)
    return answer(
        MeOut(
            kind=actor.kind, label=actor.label, user_id=user.id, email=user.email, roles=actor.roles,
            scopes=tuple(sorted(actor.permissions)), person_id=actor.person_id,
        )
    )  # fmt: skip

"""The only way into a route: every route names a permission, or says why it is public, and a test walks every route.

Who is acting is found by the function that ``main`` wires in (``login.identify``), so that rooms below ``login`` can have
routes too. Sessions and rights are read at each request, never cached.
"""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, Request

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import NotAllowed, NotFresh, NotSignedIn
from app.core.permissions import Permission

Identify = Callable[[Request, Db], Actor]


def identify(request: Request, db: Transaction) -> Actor:
    """Who sends this request: a user, an API key, or nobody (kind "anonymous")."""
    actor: Actor = request.app.state.identify(request, db)
    request.state.actor = actor
    return actor


def requires(permission: Permission, *, fresh: bool = False) -> Any:
    """Admit only an actor with ``permission``; ``fresh`` also asks for a factor in the last 15 minutes.

    Use: ``actor: Annotated[Actor, requires(Permission.PEOPLE_READ)]``. Refuses with 401, 403, or a step-up.
    """

    def guard(request: Request, db: Transaction) -> Actor:
        actor = identify(request, db)
        if actor.kind in {"anonymous", "setup"}:
            raise NotSignedIn("Sign in, or send an API key.")
        if not actor.may(permission):
            raise NotAllowed(f"This needs the permission {permission}. An owner or administrator can grant it.")
        if fresh and not actor.is_fresh:
            raise NotFresh("Confirm that it is you: this act needs a fresh code.")
        return actor

    guard.__dict__["permission"] = permission
    guard.__dict__["fresh"] = fresh
    return Depends(guard, scope="function")


def public(reason: str) -> Any:
    """Admit anybody, for a reason that the table of public routes shows. The actor may be anonymous."""

    def guard(request: Request, db: Transaction) -> Actor:
        return identify(request, db)

    guard.__dict__["public"] = reason
    return Depends(guard, scope="function")


def static_public(reason: str) -> Any:
    """Admit anybody without touching the database (health, static files)."""

    def guard() -> None:
        return None

    guard.__dict__["public"] = reason
    return Depends(guard)

"""Settings, Users: one user: roles, state, links, sessions, API keys. What may not be done is not offered, and is refused too."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.incoming.inputs import Input, Line, Name
from app.core.permissions import OWNER, Permission
from app.login import actions, api_keys, invitations, queries, sessions
from app.login.api_keys import ApiKeyOut
from app.login.models import ACTIVE, User
from app.login.pages.users import PATH, FreshWriter, Reader, RoleChoice, invited, role_choices
from app.login.queries import UserOut
from app.login.sessions import SessionOut
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
ONE = f"{PATH}/{{user_id}}"
Writer = Annotated[Actor, requires(Permission.USERS_WRITE)]


class ProfileForm(Input):
    """A user's name and roles."""

    name: Name
    roles: list[Line]


@dataclass(frozen=True, slots=True)
class UserPage:
    """One user. ``may_change`` says whether the actor may; ``is_self`` whether it is they."""

    user: UserOut
    name: str
    chosen: tuple[str, ...]
    roles: tuple[RoleChoice, ...]
    sessions: tuple[SessionOut, ...]
    keys: tuple[ApiKeyOut, ...]
    may_change: bool
    is_self: bool
    errors: tuple[FieldError, ...] = ()


@router.get(ONE)
def one_user(request: Request, user_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    found = queries.get_user(db, user_id)
    return _draw(request, db, actor, found, name=found.name, chosen=found.roles)


@router.post(f"{ONE}/profile")
def change_profile(
    sent: Annotated[Submitted[ProfileForm], Depends(form(ProfileForm))],
    request: Request,
    user_id: UUID,
    actor: FreshWriter,
    db: Transaction,
) -> Response:
    row = actions.get_for_change(db, user_id)
    try:
        typed = sent.valid()
        with db.savepoint():
            actions.rename(db, actor, row, name=typed.name)
            actions.change_roles(db, actor, row, roles=typed.roles)
    except (Invalid, Conflict) as wrong:
        errors = wrong.fields or (FieldError("roles", wrong.message),)
        found = queries.get_user(db, user_id)
        name, chosen = sent.raw.get("name", ""), sent.typed.get("roles", ())
        return _draw(request, db, actor, found, name=name, chosen=chosen, errors=errors)
    return _back(user_id, "User saved.")


@router.post(f"{ONE}/deactivation")
def deactivate(user_id: UUID, actor: FreshWriter, db: Transaction) -> Response:
    actions.deactivate(db, actor, actions.get_for_change(db, user_id))
    return _back(user_id, "User deactivated. Their sessions ended and their API keys are revoked.")


@router.post(f"{ONE}/reactivation")
def reactivate(user_id: UUID, actor: FreshWriter, db: Transaction) -> Response:
    actions.reactivate(db, actor, actions.get_for_change(db, user_id))
    return _back(user_id, "User reactivated.")


@router.post(f"{ONE}/invitation")
def invite(request: Request, user_id: UUID, actor: FreshWriter, db: Transaction) -> Response:
    row = _other(db, actor, user_id)
    return invited(request, db, user_id, invitations.issue(db, actor, row))


@router.post(f"{ONE}/factor-reset")
def reset_factors(request: Request, user_id: UUID, actor: FreshWriter, db: Transaction) -> Response:
    row = _other(db, actor, user_id)
    return invited(request, db, user_id, invitations.reset_factors(db, actor, row))


@router.post(f"{ONE}/session-end")
def end_sessions(user_id: UUID, actor: Writer, db: Transaction) -> Response:
    row = actions.get_for_change(db, user_id)
    actions.require_may_touch(actor, row)
    ended = sessions.end_all(db, actor, user_id, reason="Ended by an administrator", but=actor.session_id)
    return _back(user_id, f"{ended} {'session' if ended == 1 else 'sessions'} ended.")


@router.post(f"{ONE}/api-keys/{{key_id}}/revocation")
def revoke_key(user_id: UUID, key_id: UUID, actor: Writer, db: Transaction) -> Response:
    actions.require_may_touch(actor, actions.get_for_change(db, user_id))
    api_keys.revoke(db, actor, user_id, key_id)
    return _back(user_id, "API key revoked.")


def _other(db: Db, actor: Actor, user_id: UUID) -> User:
    row = actions.get_for_change(db, user_id)
    actions.require_may_touch(actor, row)
    if user_id == actor.user_id:
        raise Conflict("Change your own password and authenticator under Settings, Security.")
    if row.status != ACTIVE:
        raise Conflict("This user is deactivated. Reactivate them first.")
    return row


def _back(user_id: UUID, said: str) -> Response:
    response = RedirectResponse(f"{PATH}/{user_id}", 303)
    flash.say(response, said)
    return response


def _draw(
    request: Request,
    db: Db,
    actor: Actor,
    found: UserOut,
    *,
    name: str,
    chosen: tuple[str, ...],
    errors: tuple[FieldError, ...] = (),
) -> HTMLResponse:
    may_change = actor.may(Permission.USERS_WRITE) and (OWNER not in found.roles or OWNER in actor.roles)
    page = UserPage(
        found, name, chosen, role_choices(actor),
        sessions=tuple(sessions.list_live(db, actor, found.id)) if may_change else (),
        keys=tuple(api_keys.list_keys(db, found.id)) if may_change else (),
        may_change=may_change, is_self=found.id == actor.user_id, errors=errors,
    )  # fmt: skip
    return render(request, "login/user.html", page, status=422 if errors else 200)

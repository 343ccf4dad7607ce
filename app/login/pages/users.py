"""Settings, Users: who signs in, with which roles; inviting somebody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import FieldError, Invalid
from app.core.incoming.inputs import Email, Input, Line, Name
from app.core.listing import Page
from app.core.permissions import OWNER, ROLES, Permission, Role
from app.login import actions, invitations, queries
from app.login.queries import UserOut
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.list_view import Filter, ListView
from app.web.render import render
from app.web.router import Router

router = Router()
PATH = "/settings/users"
SIZE = 50
_MOST = 10**6
STATUSES = (("active", "Active"), ("deactivated", "Deactivated"))

Reader = Annotated[Actor, requires(Permission.USERS_READ)]
FreshWriter = Annotated[Actor, requires(Permission.USERS_WRITE, fresh=True)]
RoleChoice = tuple[str, str, str]
PersonOf = Callable[[Db, str], UUID | None]


class UserForm(Input):
    """A new user."""

    name: Name
    email: Email
    roles: list[Line]


@dataclass(frozen=True, slots=True)
class UsersPage:
    """The list of users."""

    list: ListView
    users: Sequence[UserOut]
    may_invite: bool


@dataclass(frozen=True, slots=True)
class NewUserPage:
    """The form for a new user: what was typed, and the roles that may be given."""

    name: str
    email: str
    chosen: tuple[str, ...]
    roles: tuple[RoleChoice, ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class InvitedPage:
    """The link for a user, shown once."""

    id: UUID
    label: str
    link: str


@router.get(PATH)
def users(
    request: Request,
    actor: Reader,
    db: Transaction,
    q: Annotated[str, Query(max_length=200)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
    cursor: Annotated[int, Query(ge=0, le=_MOST)] = 0,
) -> HTMLResponse:
    found = queries.list_users(db, text=q, role=role, status=status)
    rows = found[cursor : cursor + SIZE]
    page = Page(
        rows,
        str(cursor + SIZE) if len(found) > cursor + SIZE else None,
        str(max(0, cursor - SIZE)) if cursor else None,
        len(found),
    )
    shown = ListView(
        path=request.url.path, params=tuple(request.query_params.multi_items()), noun="users", sort="name", page=page,
        filters=(
            Filter("role", "Role", tuple((each.key, each.label) for each in ROLES.values())),
            Filter("status", "Status", STATUSES),
        ),
        search="Filter by name or e-mail", size=SIZE,
    )  # fmt: skip
    context = UsersPage(shown, rows, actor.may(Permission.USERS_WRITE))
    return render(request, "login/users.html", context, block="listing")


@router.get(f"{PATH}/new")
def new_user(request: Request, actor: FreshWriter) -> HTMLResponse:
    return render(request, "login/new_user.html", NewUserPage("", "", (), role_choices(actor)))


@router.post(PATH)
def add_user(
    sent: Annotated[Submitted[UserForm], Depends(form(UserForm))],
    request: Request,
    actor: FreshWriter,
    db: Transaction,
) -> Response:
    try:
        typed = sent.valid()
        user_id = actions.create(
            db, actor, email=typed.email, name=typed.name, roles=typed.roles,
            person_id=_person_of(request, db, typed.email),
        )  # fmt: skip
    except Invalid as wrong:
        page = NewUserPage(
            sent.raw.get("name", ""), sent.raw.get("email", ""), sent.typed.get("roles", ()), role_choices(actor),
            wrong.fields,
        )  # fmt: skip
        return render(request, "login/new_user.html", page, status=422)
    return invited(request, db, user_id, invitations.issue(db, actor, actions.get_for_change(db, user_id)))


def invited(request: Request, db: Db, user_id: UUID, link: str) -> HTMLResponse:
    """Show a user's link, this once."""
    label = queries.get_user(db, user_id).label
    origin: str = request.app.state.settings.origin
    return render(request, "login/invited.html", InvitedPage(user_id, label, origin + link))


def role_choices(actor: Actor) -> tuple[RoleChoice, ...]:
    """The roles that the actor may give: key, label, what it is for."""
    return tuple((role.key, role.label, role.about) for role in ROLES.values() if _may_give(actor, role))


def _may_give(actor: Actor, role: Role) -> bool:
    return (role.key != OWNER or OWNER in actor.roles) and role.permissions <= actor.permissions


def _person_of(request: Request, db: Db, email: str) -> UUID | None:
    """The person with this address, asked of the room above that ``wiring`` names."""
    find: PersonOf = request.app.state.person_of
    return find(db, email)

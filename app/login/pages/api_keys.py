"""Settings, API keys: one's own keys; making one (shown once), revoking one."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.incoming.inputs import Input, Line, Name
from app.core.permissions import Permission
from app.login import api_keys
from app.login.api_keys import DEFAULT_DAYS, MOST_DAYS, ApiKeyOut
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
PATH = "/settings/api-keys"
Holder = Annotated[Actor, requires(Permission.API_KEYS_OWN)]
FreshHolder = Annotated[Actor, requires(Permission.API_KEYS_OWN, fresh=True)]


class KeyForm(Input):
    """A new key."""

    name: Name
    scopes: list[Line]
    days: int


@dataclass(frozen=True, slots=True)
class KeysPage:
    """The actor's keys."""

    keys: tuple[ApiKeyOut, ...]


@dataclass(frozen=True, slots=True)
class NewKeyPage:
    """The form for a key: what was typed, and the scopes that can be given."""

    name: str
    days: str
    chosen: tuple[str, ...]
    scopes: tuple[tuple[str, str], ...]
    most_days: int = MOST_DAYS
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class MintedPage:
    """A key, shown once."""

    name: str
    key: str
    days: int


@router.get(PATH)
def keys(request: Request, actor: Holder, db: Transaction) -> HTMLResponse:
    return render(request, "login/api_keys.html", KeysPage(tuple(api_keys.list_keys(db, actor.user_id))))


@router.get(f"{PATH}/new")
def new_key(request: Request, actor: FreshHolder) -> HTMLResponse:
    return render(request, "login/new_api_key.html", NewKeyPage("", str(DEFAULT_DAYS), (), _scopes(actor)))


@router.post(PATH)
def mint(
    sent: Annotated[Submitted[KeyForm], Depends(form(KeyForm))], request: Request, actor: FreshHolder, db: Transaction
) -> Response:
    try:
        typed = sent.valid()
        key = api_keys.mint(db, actor, name=typed.name, scopes=typed.scopes, days=typed.days)
    except (Invalid, Conflict) as wrong:
        page = NewKeyPage(
            sent.raw.get("name", ""), sent.raw.get("days", ""), sent.typed.get("scopes", ()), _scopes(actor),
            errors=wrong.fields or (FieldError("", wrong.message),),
        )  # fmt: skip
        return render(request, "login/new_api_key.html", page, status=422)
    return render(request, "login/minted_api_key.html", MintedPage(typed.name, key, typed.days))


@router.post(f"{PATH}/{{key_id}}/revocation")
def revoke(key_id: UUID, actor: Holder, db: Transaction) -> Response:
    api_keys.revoke(db, actor, actor.user_id, key_id)
    response = RedirectResponse(PATH, 303)
    flash.say(response, "API key revoked.")
    return response


def _scopes(actor: Actor) -> tuple[tuple[str, str], ...]:
    return tuple((scope.value, _words(scope)) for scope in api_keys.scopes_for(actor))


def _words(scope: Permission) -> str:
    room, _, verb = scope.partition(":")
    return f"{verb.capitalize()} {room.replace('_', ' ')}"

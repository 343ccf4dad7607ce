"""Adding an app and changing one: one form, given back with everything typed when something is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.apps import actions, queries
from app.apps.inputs import AppForm, meant_by_form
from app.apps.wording import STATUS_CHOICES
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.permissions import Permission, Rows
from app.people.roster import roster_of
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
Writer = Annotated[Actor, requires(Permission.APPS_WRITE)]
Sent = Annotated[Submitted[AppForm], Depends(form(AppForm))]
_FIELDS = tuple(AppForm.model_fields)


@dataclass(frozen=True, slots=True)
class AppFormPage:
    """The form of an app. ``typed`` has every field; ``asks_owner`` is false for who can only own what they add."""

    title: str
    action: str
    cancel: str
    verb: str
    typed: Mapping[str, str]
    errors: tuple[FieldError, ...]
    categories: tuple[str, ...]
    asks_owner: bool
    crumb: tuple[str, str] | None
    statuses: tuple[tuple[str, str], ...] = STATUS_CHOICES


@router.get("/apps/new", include_in_schema=False)
def new_app(request: Request, actor: Writer, db: Transaction) -> HTMLResponse:
    return _new(request, db, actor, {"status": "new"}, ())


@router.post("/apps/new", include_in_schema=False)
def create_app(sent: Sent, request: Request, actor: Writer, db: Transaction) -> Response:
    try:
        with db.savepoint():
            facts = meant_by_form(db, actor, roster_of(request), sent.valid())
            if not _asks_owner(actor):
                facts.pop("owner", None)
            made = actions.create_app(db, actor, facts)
    except (Invalid, Conflict) as refused:
        return _new(request, db, actor, sent.raw, refused.fields)
    response = RedirectResponse(f"/apps/{made.id}", 303)
    flash.say(response, f"{made.name} added.")
    return response


@router.get("/apps/{app_id}/edit", include_in_schema=False)
def edit_app(request: Request, app_id: UUID, actor: Writer, db: Transaction) -> HTMLResponse:
    queries.get_to_change(db, actor, app_id)
    app = queries.get_app(db, actor, app_id)
    typed = {name: getattr(app, name) for name in _FIELDS} | {"owner": app.owner or app.owner_email}
    return _edit(request, db, actor, app_id, typed, ())


@router.post("/apps/{app_id}/edit", include_in_schema=False)
def change_app(sent: Sent, request: Request, app_id: UUID, actor: Writer, db: Transaction) -> Response:
    app = queries.get_to_change(db, actor, app_id)
    try:
        with db.savepoint():
            actions.change_app(db, actor, app, meant_by_form(db, actor, roster_of(request), sent.valid()))
    except (Invalid, Conflict) as refused:
        return _edit(request, db, actor, app_id, sent.raw, refused.fields)
    is_still_seen = queries.is_visible(db, actor, app_id)  # an owner may give an app away
    response = RedirectResponse(f"/apps/{app_id}" if is_still_seen else "/apps", 303)
    flash.say(response, f"{app.name} saved.")
    return response


def _asks_owner(actor: Actor) -> bool:
    return actor.rows is Rows.ALL


def _new(
    request: Request, db: Db, actor: Actor, typed: Mapping[str, str], errors: tuple[FieldError, ...]
) -> HTMLResponse:
    page = AppFormPage(
        title="Add an app", action="/apps/new", cancel="/apps", verb="Add app", typed=_whole(typed), errors=errors,
        categories=tuple(queries.list_categories(db, actor)), asks_owner=_asks_owner(actor), crumb=None,
    )  # fmt: skip
    return _draw(request, page)


def _edit(
    request: Request, db: Db, actor: Actor, app_id: UUID, typed: Mapping[str, str], errors: tuple[FieldError, ...]
) -> HTMLResponse:
    label = queries.get_app(db, actor, app_id).label
    path = f"/apps/{app_id}"
    page = AppFormPage(
        title=f"Change {label}", action=f"{path}/edit", cancel=path, verb="Save app", typed=_whole(typed), errors=errors,
        categories=tuple(queries.list_categories(db, actor)), asks_owner=True, crumb=(label, path),
    )  # fmt: skip
    return _draw(request, page)


def _draw(request: Request, page: AppFormPage) -> HTMLResponse:
    return render(request, "apps/form.html", page, status=422 if page.errors else 200)


def _whole(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: typed.get(name, "") for name in _FIELDS}

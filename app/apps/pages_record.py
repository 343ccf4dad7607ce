"""One app: its overview, its preview beside the list, its owner edited in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.apps import actions, queries
from app.apps.header import AppHeader, app_header
from app.apps.inputs import OwnerForm, owner_meant
from app.apps.numbers import AppNumbers, numbers_of
from app.apps.records import AppOut
from app.apps.wording import STATUS_HINTS, said_by, source_word, status_word
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import FieldError, Invalid, NotFound
from app.core.permissions import Permission
from app.people.roster import roster_of
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.panels import ShownCard, panels_of
from app.web.render import is_partial, render
from app.web.router import Router

router = Router()
Reader = Annotated[Actor, requires(Permission.APPS_READ)]
Writer = Annotated[Actor, requires(Permission.APPS_WRITE)]
_FACTS = ("status", "owner", "vendor", "category", "instance_name", "cost_centre", "url", "notes")


@dataclass(frozen=True, slots=True)
class AppPage:
    """The overview of one app."""

    header: AppHeader
    status_hint: str
    said: Mapping[str, tuple[str, datetime]]
    instances: Sequence[tuple[AppOut, str]]
    cards: tuple[ShownCard, ...]


@dataclass(frozen=True, slots=True)
class AppPreview:
    """What is shown of an app beside the list."""

    app: AppOut
    status: str
    status_hint: str
    source: str
    numbers: AppNumbers | None


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """The owner of an app, shown or being edited."""

    app: AppOut
    is_edited: bool
    typed: str
    may_change: bool
    said: tuple[str, datetime]
    errors: tuple[FieldError, ...] = ()


@router.get("/apps/{app_id}", include_in_schema=False)
def app(request: Request, app_id: UUID, actor: Reader, db: Transaction) -> Response:
    try:
        header = app_header(request, db, actor, app_id, "overview")
    except NotFound:  # old links of an app that was merged lead to what it is now; a foreign id stays unknown
        return RedirectResponse(f"/apps/{queries.get_app(db, actor, queries.surviving_id(db, app_id)).id}", 303)
    instances = [(each, status_word(each.status)) for each in queries.list_instances(db, actor, header.app)]
    cards = panels_of(request).cards("app", db, actor, app_id)
    hint = STATUS_HINTS.get(header.app.status, "")
    page = AppPage(header, hint, _said(db, header.app), instances, cards)
    return render(request, "apps/app.html", page)


@router.get("/apps/{app_id}/preview", include_in_schema=False)
def preview(request: Request, app_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    found = queries.get_app(db, actor, app_id)
    numbers = numbers_of(request).count(db, actor, (app_id,)).get(app_id)
    hint = STATUS_HINTS.get(found.status, "")
    page = AppPreview(found, status_word(found.status), hint, source_word(found.source), numbers)
    return render(request, "apps/preview.html", page)


@router.get("/apps/{app_id}/owner", include_in_schema=False)
def owner(request: Request, app_id: UUID, actor: Reader, db: Transaction) -> Response:
    """The owner as it is: what leaving the field without saving goes back to."""
    if not is_partial(request):
        return RedirectResponse(f"/apps/{app_id}", 303)
    return _owner(request, db, actor, app_id, is_edited=False)


@router.get("/apps/{app_id}/owner/edit", include_in_schema=False)
def edit_owner(request: Request, app_id: UUID, actor: Writer, db: Transaction) -> HTMLResponse:
    queries.get_to_change(db, actor, app_id)
    return _owner(request, db, actor, app_id, is_edited=True)


@router.post("/apps/{app_id}/owner", include_in_schema=False)
def change_owner(
    sent: Annotated[Submitted[OwnerForm], Depends(form(OwnerForm))],
    request: Request,
    app_id: UUID,
    actor: Writer,
    db: Transaction,
) -> Response:
    found = queries.get_to_change(db, actor, app_id)
    try:
        facts = owner_meant(db, actor, roster_of(request), sent.valid().owner)
    except Invalid as refused:
        typed = sent.raw.get("owner", "")
        return _owner(request, db, actor, app_id, is_edited=True, typed=typed, errors=refused.fields)
    actions.change_app(db, actor, found, facts)
    is_still_seen = queries.is_visible(db, actor, app_id)  # an owner may give an app away
    if is_partial(request) and is_still_seen:
        return _owner(request, db, actor, app_id, is_edited=False)
    path = f"/apps/{app_id}" if is_still_seen else "/apps"
    return Response(None, headers={"HX-Redirect": path}) if is_partial(request) else RedirectResponse(path, 303)


def _owner(
    request: Request,
    db: Db,
    actor: Actor,
    app_id: UUID,
    *,
    is_edited: bool,
    typed: str | None = None,
    errors: tuple[FieldError, ...] = (),
) -> HTMLResponse:
    found = queries.get_app(db, actor, app_id)
    may = actor.may(Permission.APPS_WRITE) and queries.may_change(db, actor, app_id)
    shown = typed if typed is not None else found.owner or found.owner_email
    page = OwnerPage(found, is_edited, shown, may, _said(db, found)["owner"], errors)
    return render(request, "apps/owner.html", page, status=422 if errors else 200, block="inline")


def _said(db: Db, app: AppOut) -> dict[str, tuple[str, datetime]]:
    """Who says each fact, and since when; what nobody was noted for came with the app."""
    said = {name: (said_by(by.source), by.at) for name, by in queries.said_of(db, app.id).items()}
    return dict.fromkeys(_FACTS, (source_word(app.source), app.created_at)) | said

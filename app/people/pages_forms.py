"""Adding and changing a person by hand, and saying that they have left, are back, or follow their sources again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.permissions import Permission
from app.people import actions, queries
from app.people.inputs import DepartureForm, PersonForm, meant_by_form
from app.people.roster import roster_of
from app.people.wording import TYPES
from app.web import flash
from app.web.filters import day
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
Writer = Annotated[Actor, requires(Permission.PEOPLE_WRITE)]
Sent = Annotated[Submitted[PersonForm], Depends(form(PersonForm))]
_FIELDS = tuple(PersonForm.model_fields)


@dataclass(frozen=True, slots=True)
class PersonFormPage:
    """The form of a person. ``typed`` has every field; ``is_followed`` where sources would otherwise overwrite it."""

    title: str
    action: str
    cancel: str
    verb: str
    typed: Mapping[str, str]
    errors: tuple[FieldError, ...]
    crumb: tuple[str, str] | None
    is_followed: bool
    types: tuple[tuple[str, str], ...] = tuple(TYPES.items())


@router.get("/people/new", include_in_schema=False)
def new_person(request: Request, actor: Writer, db: Transaction) -> HTMLResponse:
    return _new(request, {"type": "employee"}, ())


@router.post("/people/new", include_in_schema=False)
def create_person(sent: Sent, request: Request, actor: Writer, db: Transaction) -> Response:
    try:
        with db.savepoint():
            facts = meant_by_form(db, actor, roster_of(request), sent.valid(), None)
            made = actions.create_person(db, actor, **facts)
    except (Invalid, Conflict) as refused:
        return _new(request, sent.raw, _errors(refused))
    return _done(made.id, f"{actions.name_of(db, made)} added.")


@router.get("/people/{person_id}/edit", include_in_schema=False)
def edit_person(request: Request, person_id: UUID, actor: Writer, db: Transaction) -> HTMLResponse:
    roster = roster_of(request)
    person = queries.get_person(db, actor, roster, person_id)
    typed: dict[str, Any] = {name: getattr(person, name, "") for name in _FIELDS}
    typed["aliases"] = ", ".join(person.aliases)
    typed["start_date"] = person.start_date.isoformat() if person.start_date else ""
    typed["manager"] = _manager(db, actor, request, person.manager_id)
    return _edit(request, db, actor, person_id, typed, ())


@router.post("/people/{person_id}/edit", include_in_schema=False)
def change_person(sent: Sent, request: Request, person_id: UUID, actor: Writer, db: Transaction) -> Response:
    person = queries.get_to_change(db, actor, person_id)
    try:
        with db.savepoint():
            facts = meant_by_form(db, actor, roster_of(request), sent.valid(), person_id)
            actions.change_person(db, actor, person, **facts)
    except (Invalid, Conflict) as refused:
        return _edit(request, db, actor, person_id, sent.raw, _errors(refused))
    return _done(person_id, f"{actions.name_of(db, person)} saved.")


@router.post("/people/{person_id}/departure", include_in_schema=False)
def mark_left(
    sent: Annotated[Submitted[DepartureForm], Depends(form(DepartureForm))],
    request: Request,
    person_id: UUID,
    actor: Writer,
    db: Transaction,
) -> Response:
    person = queries.get_to_change(db, actor, person_id)
    actions.mark_left(db, actor, person, leaving_date=sent.valid().leaving_date)
    name = actions.name_of(db, person)
    said = f"{name} marked as left." if person.status == "left" else f"{name} leaves after {day(person.leaving_date)}."
    return _done(person_id, said)


@router.post("/people/{person_id}/return", include_in_schema=False)
def mark_active(request: Request, person_id: UUID, actor: Writer, db: Transaction) -> Response:
    person = queries.get_to_change(db, actor, person_id)
    actions.mark_active(db, actor, person)
    return _done(person_id, f"{actions.name_of(db, person)} marked as active.")


@router.post("/people/{person_id}/sources", include_in_schema=False)
def follow_sources(request: Request, person_id: UUID, actor: Writer, db: Transaction) -> Response:
    """Let the sources speak again: what was entered here is replaced at the next sync."""
    person = queries.get_to_change(db, actor, person_id)
    actions.change_person(db, actor, person, is_manual=False)
    return _done(person_id, f"{actions.name_of(db, person)} follows the sources again, from the next sync.")


def _manager(db: Db, actor: Actor, request: Request, manager_id: UUID | None) -> str:
    """The manager as the form takes them: by address, by name where there is none."""
    if manager_id is None:
        return ""
    manager = queries.get_person(db, actor, roster_of(request), manager_id)
    return manager.email or manager.display_name


def _errors(refused: Invalid | Conflict) -> tuple[FieldError, ...]:
    return refused.fields or (FieldError("", refused.message),)


def _done(person_id: UUID, said: str) -> Response:
    response = RedirectResponse(f"/people/{person_id}", 303)
    flash.say(response, said)
    return response


def _new(request: Request, typed: Mapping[str, str], errors: tuple[FieldError, ...]) -> HTMLResponse:
    page = PersonFormPage(
        title="Add a person", action="/people/new", cancel="/people", verb="Add person", typed=_whole(typed), errors=errors,
        crumb=None, is_followed=False,
    )  # fmt: skip
    return _draw(request, page)


def _edit(
    request: Request, db: Db, actor: Actor, person_id: UUID, typed: Mapping[str, str], errors: tuple[FieldError, ...]
) -> HTMLResponse:
    person = queries.get_person(db, actor, roster_of(request), person_id)
    path = f"/people/{person_id}"
    page = PersonFormPage(
        title=f"Change {person.display_name}", action=f"{path}/edit", cancel=path, verb="Save person",
        typed=_whole(typed), errors=errors, crumb=(person.display_name, path), is_followed=not person.is_manual,
    )  # fmt: skip
    return _draw(request, page)


def _draw(request: Request, page: PersonFormPage) -> HTMLResponse:
    return render(request, "people/form.html", page, status=422 if page.errors else 200)


def _whole(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: typed.get(name) or "" for name in _FIELDS}

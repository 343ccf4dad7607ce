"""Merging two people or two apps, and undoing it. Here, because what they hold moves along.

A merge is chosen on one page, which names what will move, and undone on the same one: it is never a dead end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.access import merging
from app.access.filtering import AccountFilter
from app.access.inputs import MergeForm
from app.access.queries import count_accounts
from app.access.wording import choice_of
from app.apps import queries as apps
from app.apps.models import AppMerge
from app.apps.queries import owner_of
from app.apps.records import label_of
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid, NotFound
from app.core.permissions import Permission
from app.people import queries as people
from app.people.models import PersonMerge
from app.people.roster import Roster, roster_of
from app.people.searching import find_by_words
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
AppWriter = Annotated[Actor, requires(Permission.APPS_WRITE)]
PeopleWriter = Annotated[Actor, requires(Permission.PEOPLE_WRITE)]
Sent = Annotated[Submitted[MergeForm], Depends(form(MergeForm))]
Find = Annotated[str, Query(max_length=200)]
_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two records, with the number of accounts that it has now."""

    id: UUID
    label: str
    accounts: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge that can be undone."""

    id: UUID
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MergePage:
    """Merging something into the record that is kept. ``other`` is None until one is chosen among ``candidates``."""

    noun: str
    back: tuple[str, str]
    path: str
    kept: Side
    find: str
    candidates: Sequence[tuple[UUID, str]]
    other: Side | None
    merges: Sequence[Merged]
    warning: str
    errors: tuple[FieldError, ...] = ()


@router.get("/apps/{app_id}/merge", include_in_schema=False)
def choose_app(
    request: Request, app_id: UUID, actor: AppWriter, db: Transaction, find: Find = "", other: UUID | None = None
) -> HTMLResponse:
    return _app_page(request, db, actor, app_id, find=find, other=other)


@router.post("/apps/{app_id}/merge", include_in_schema=False)
def merge_apps(sent: Sent, request: Request, app_id: UUID, actor: AppWriter, db: Transaction) -> Response:
    try:
        other_id = sent.valid().other_id
        chosen = {found.id: found for found in apps.get_all_to_change(db, actor, {app_id, other_id})}
        with db.savepoint():
            merging.merge_apps(db, actor, chosen[app_id], chosen[other_id])
    except (Invalid, Conflict, NotFound) as refused:
        return _app_page(request, db, actor, app_id, errors=(FieldError("other", refused.message),))
    return _done(f"/apps/{app_id}", f"{chosen[other_id].name} merged.")


@router.post("/apps/{app_id}/merges/{merge_id}/undo", include_in_schema=False)
def unmerge_apps(app_id: UUID, merge_id: UUID, actor: AppWriter, db: Transaction) -> Response:
    apps.get_to_change(db, actor, app_id)
    merge = db.find(AppMerge, merge_id, lock=True)
    if merge is None or merge.kept_id != app_id:
        raise NotFound("There is no such merge.")
    merging.unmerge_apps(db, actor, merge)
    return _done(f"/apps/{app_id}", "The merge is undone.")


@router.get("/people/{person_id}/merge", include_in_schema=False)
def choose_person(
    request: Request, person_id: UUID, actor: PeopleWriter, db: Transaction, find: Find = "", other: UUID | None = None
) -> HTMLResponse:
    return _person_page(request, db, actor, person_id, find=find, other=other)


@router.post("/people/{person_id}/merge", include_in_schema=False)
def merge_people(sent: Sent, request: Request, person_id: UUID, actor: PeopleWriter, db: Transaction) -> Response:
    try:
        chosen = {each: people.get_to_change(db, actor, each) for each in sorted({person_id, sent.valid().other_id})}
        other = chosen[sent.valid().other_id]
        with db.savepoint():
            merging.merge_people(db, actor, chosen[person_id], other)
    except (Invalid, Conflict, NotFound) as refused:
        return _person_page(request, db, actor, person_id, errors=(FieldError("other", refused.message),))
    return _done(f"/people/{person_id}", "The two people are one now.")


@router.post("/people/{person_id}/merges/{merge_id}/undo", include_in_schema=False)
def unmerge_people(person_id: UUID, merge_id: UUID, actor: PeopleWriter, db: Transaction) -> Response:
    people.get_to_change(db, actor, person_id)
    merge = db.find(PersonMerge, merge_id, lock=True)
    if merge is None or merge.kept_id != person_id:
        raise NotFound("There is no such merge.")
    merging.unmerge_people(db, actor, merge)
    return _done(f"/people/{person_id}", "The merge is undone.")


def _app_page(
    request: Request,
    db: Db,
    actor: Actor,
    app_id: UUID,
    *,
    find: str = "",
    other: UUID | None = None,
    errors: tuple[FieldError, ...] = (),
) -> HTMLResponse:
    apps.get_to_change(db, actor, app_id)
    kept = apps.get_app(db, actor, app_id)
    found = apps.list_mergeable(db, actor, kept, find.strip(), _SHOWN)
    merges = [
        Merged(row.id, label_of(row.name, row.instance_name), row.merged_at) for row in apps.list_merges(db, app_id)
    ]
    page = MergePage(
        noun="app", back=("Apps", "/apps"), path=f"/apps/{app_id}", find=find,
        kept=_app_side(db, actor, app_id),
        candidates=[(each.id, each.label) for each in found],
        other=_app_side(db, actor, other) if other and other != app_id else None,
        merges=merges, errors=errors,
        warning="Two instances of one product stay two apps: merge only what is the same thing twice.",
    )  # fmt: skip
    return render(request, "access/merge.html", page, status=422 if errors else 200)


def _person_page(
    request: Request,
    db: Db,
    actor: Actor,
    person_id: UUID,
    *,
    find: str = "",
    other: UUID | None = None,
    errors: tuple[FieldError, ...] = (),
) -> HTMLResponse:
    roster = roster_of(request)
    kept = people.get_person(db, actor, roster, person_id)
    words = find.strip() or kept.family_name or kept.display_name
    found = find_by_words(db, actor, roster, words, _SHOWN)
    merges = [
        Merged(merge.id, owner.name if (owner := owner_of(db, merge.merged_id)) else "", merge.merged_at)
        for merge in people.list_merges(db, person_id)
    ]
    page = MergePage(
        noun="person", back=("People", "/people"), path=f"/people/{person_id}", find=words,
        kept=_person_side(db, actor, roster, person_id),
        candidates=[(each.id, choice_of(each)) for each in found if each.id != person_id],
        other=_person_side(db, actor, roster, other) if other and other != person_id else None,
        merges=merges, errors=errors,
        warning="Merge only two records of the same human being.",
    )  # fmt: skip
    return render(request, "access/merge.html", page, status=422 if errors else 200)


def _app_side(db: Db, actor: Actor, app_id: UUID) -> Side:
    label = apps.get_app(db, actor, app_id).label
    return Side(app_id, label, count_accounts(db, actor, AccountFilter(app_id=app_id)))


def _person_side(db: Db, actor: Actor, roster: Roster, person_id: UUID) -> Side:
    name = people.get_person(db, actor, roster, person_id).display_name
    return Side(person_id, name, count_accounts(db, actor, AccountFilter(person_id=person_id)))


def _done(path: str, said: str) -> Response:
    response = RedirectResponse(path, 303)
    flash.say(response, said)
    return response

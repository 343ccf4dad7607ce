"""One account: what it holds and has held, who says so, and what a hand may say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.access import actions, queries
from app.access.grants import GrantOut, list_grants
from app.access.inputs import KindForm, LinkForm, StatusForm
from app.access.listing import AccountRow, rows_of
from app.access.records import AccountOut
from app.access.wording import KIND_HINTS, LINKS, STATUS_CHOICES, TITLES, choice_of, status_word
from app.apps.owners import get_owner, require_owner
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.permissions import Permission
from app.people.roster import roster_of
from app.people.searching import find_by_words
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router
from app.web.sources import source_of, sources_of

router = Router()
Reader = Annotated[Actor, requires(Permission.ACCESS_READ)]
Writer = Annotated[Actor, requires(Permission.ACCESS_WRITE)]
PATH = "/access/accounts/{account_id}"
_CANDIDATES = 25


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the forms of an account's page, and what was wrong with it."""

    errors: tuple[FieldError, ...] = ()
    kind: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One account. ``states`` are (word, from, until), newest first; ``people`` whom it could be linked to."""

    row: AccountRow
    title: str
    link: str
    grants: Sequence[GrantOut]
    states: Sequence[tuple[str, Any, Any]]
    may_change: bool
    find: str
    people: Sequence[tuple[UUID, str]]
    typed: Typed
    kinds: tuple[tuple[str, str, str], ...] = KIND_HINTS
    statuses: tuple[tuple[str, str], ...] = STATUS_CHOICES

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """What was wrong with what was sent."""
        return self.typed.errors

    @property
    def path(self) -> str:
        """The address of the account."""
        return f"/access/accounts/{self.row.account.id}"


@dataclass(frozen=True, slots=True)
class AccountPreview:
    """What is shown of an account beside the list."""

    row: AccountRow
    link: str
    grants: Sequence[GrantOut]


@router.get(PATH, include_in_schema=False)
def account(
    request: Request, account_id: UUID, actor: Reader, db: Transaction, find: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    return _draw(request, db, actor, account_id, find=find)


@router.get(f"{PATH}/preview", include_in_schema=False)
def preview(request: Request, account_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    found = queries.get_account(db, actor, account_id)
    held = list_grants(db, (account_id,), present_only=True).get(account_id, ())
    row = rows_of([found], sources_of(request, db))[0]
    return render(request, "access/preview.html", AccountPreview(row, LINKS[found.linked_by], held))


@router.post(f"{PATH}/person", include_in_schema=False)
def link(
    sent: Annotated[Submitted[LinkForm], Depends(form(LinkForm))],
    request: Request,
    account_id: UUID,
    actor: Writer,
    db: Transaction,
) -> Response:
    found = queries.get_to_change(db, actor, account_id)
    try:
        person = get_owner(db, actor, roster_of(request), sent.valid().person_id, field="person_id")
        actions.link_account(db, actor, found, person=person)
    except (Invalid, Conflict) as refused:
        return _draw(request, db, actor, account_id, typed=Typed(_fields(refused, "person_id")))
    return _back(account_id, f"Linked to {person.name}.")


@router.post(f"{PATH}/unlink", include_in_schema=False)
def unlink(account_id: UUID, actor: Writer, db: Transaction) -> Response:
    actions.unlink_account(db, actor, queries.get_to_change(db, actor, account_id))
    return _back(account_id, "Unlinked. It stays nobody's until somebody links it.")


@router.post(f"{PATH}/kind", include_in_schema=False)
def mark(
    sent: Annotated[Submitted[KindForm], Depends(form(KindForm))],
    request: Request,
    account_id: UUID,
    actor: Writer,
    db: Transaction,
) -> Response:
    found = queries.get_to_change(db, actor, account_id)
    try:
        asked = sent.valid()
        wants_owner = asked.owner and asked.kind != "user"
        owner = require_owner(db, actor, roster_of(request), asked.owner) if wants_owner else None
        actions.mark_account(db, actor, found, kind=asked.kind, owner=owner)
    except Invalid as refused:
        typed = Typed(_fields(refused, "owner"), sent.raw.get("kind", ""), sent.raw.get("owner", ""))
        return _draw(request, db, actor, account_id, typed=typed)
    return _back(account_id, f"Marked: {TITLES[asked.kind].lower()}.")


@router.post(f"{PATH}/status", include_in_schema=False)
def set_status(
    sent: Annotated[Submitted[StatusForm], Depends(form(StatusForm))],
    request: Request,
    account_id: UUID,
    actor: Writer,
    db: Transaction,
) -> Response:
    found = queries.get_to_change(db, actor, account_id)
    source = source_of(sources_of(request, db), found.connection_id)
    if source.is_live:
        raise Conflict(f"{source.name} says what the status is. Change it there, then sync.")
    actions.set_account_status(db, actor, found, status=sent.valid().status)
    return _back(account_id, "Status saved.")


def _draw(
    request: Request, db: Db, actor: Actor, account_id: UUID, *, find: str = "", typed: Typed | None = None
) -> HTMLResponse:
    found = queries.get_account(db, actor, account_id)
    typed = typed or Typed(kind=found.kind, owner=found.owner)
    may = actor.may(Permission.ACCESS_WRITE) and queries.may_change(db, actor, account_id)
    words = find.strip() or found.display_name or found.username
    page = AccountPage(
        row=rows_of([found], sources_of(request, db))[0],
        title=TITLES[found.kind],
        link=LINKS[found.linked_by],
        grants=list_grants(db, (account_id,)).get(account_id, ()),
        states=[
            (status_word(row.status), row.seen_from, row.seen_until) for row in queries.list_states(db, account_id)
        ],
        may_change=may,
        find=words,
        people=_candidates(request, db, actor, found, words) if may else (),
        typed=typed,
    )
    return render(request, "access/account.html", page, status=422 if typed.errors else 200)


def _candidates(request: Request, db: Db, actor: Actor, found: AccountOut, words: str) -> Sequence[tuple[UUID, str]]:
    """Whom the account could be linked to: the best matches for the words, and who it is linked to now."""
    roster = roster_of(request)
    people = [(entry.id, choice_of(entry)) for entry in find_by_words(db, actor, roster, words, _CANDIDATES)]
    if found.person_id and found.person_id not in {person_id for person_id, _ in people}:
        people.insert(0, (found.person_id, found.person))
    return people


def _fields(refused: Invalid | Conflict, field: str) -> tuple[FieldError, ...]:
    """The messages of a refusal, put beside the input that the page has; ids are typed here as names."""
    return tuple(FieldError(field, each.message) for each in refused.fields) or (FieldError(field, refused.message),)


def _back(account_id: UUID, said: str) -> Response:
    response = RedirectResponse(f"/access/accounts/{account_id}", 303)
    flash.say(response, said)
    return response

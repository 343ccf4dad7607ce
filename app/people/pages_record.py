"""One person: what is known of them and who says so, what each source says, and their preview beside the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import NotFound
from app.core.permissions import Permission
from app.organisation.queries import get_organisation
from app.people import queries
from app.people.header import PersonHeader, person_header
from app.people.queries import PersonOut
from app.people.roster import Roster, roster_of
from app.people.saying import Fact, Statement, comparison, facts_of, statements
from app.web.guards import requires
from app.web.panels import ShownCard, panels_of
from app.web.render import render
from app.web.router import Router
from app.web.sources import sources_of

router = Router()
Reader = Annotated[Actor, requires(Permission.PEOPLE_READ)]


@dataclass(frozen=True, slots=True)
class PersonPage:
    """The overview of one person. ``manager_href`` is "" where the actor may not open the manager's record."""

    header: PersonHeader
    facts: Sequence[Fact]
    statements: Sequence[Statement]
    comparison: Sequence[tuple[str, Sequence[str | date]]]
    manager_href: str
    reports: Sequence[PersonOut]
    cards: tuple[ShownCard, ...]

    @property
    def told(self) -> Fact | None:
        """A fact of the one source that tells all of them, so that it is named once; the status names its own."""
        told = [fact for fact in self.facts[1:] if fact.source]
        return told[0] if len({fact.source for fact in told}) == 1 else None

    @property
    def is_decided(self) -> bool:
        """Whether the lifecycle source decides about this person, so that no hand does."""
        return self.header.person.status_from == "lifecycle"


@dataclass(frozen=True, slots=True)
class PersonPreview:
    """What is shown of a person beside the list."""

    header: PersonHeader
    facts: Sequence[Fact]


@router.get("/people/{person_id}", include_in_schema=False)
def person(request: Request, person_id: UUID, actor: Reader, db: Transaction) -> Response:
    roster = roster_of(request)
    try:
        header = person_header(request, db, actor, person_id, "overview")
    except NotFound:
        return _to_survivor(db, actor, roster, person_id)
    facts, said = _facts(request, db, roster, header)
    page = PersonPage(
        header=header,
        facts=facts,
        statements=said,
        comparison=comparison(said),
        manager_href=_href(db, actor, roster, header.person.manager_id),
        reports=queries.list_reports(db, actor, roster, person_id),
        cards=panels_of(request).cards("person", db, actor, person_id),
    )
    return render(request, "people/person.html", page)


@router.get("/people/{person_id}/preview", include_in_schema=False)
def preview(request: Request, person_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    header = person_header(request, db, actor, person_id, "overview")
    facts, _ = _facts(request, db, roster_of(request), header)
    return render(request, "people/preview.html", PersonPreview(header, [fact for fact in facts if fact.value]))


def _facts(
    request: Request, db: Db, roster: Roster, header: PersonHeader
) -> tuple[Sequence[Fact], Sequence[Statement]]:
    records = queries.list_records(db, header.person.id)
    said = statements(records, sources_of(request, db), get_organisation(db).lifecycle_source_id)
    return facts_of(header.person, said, roster.name(db, header.person.manager_id)), said


def _href(db: Db, actor: Actor, roster: Roster, person_id: UUID | None) -> str:
    if person_id is None:
        return ""
    try:
        return f"/people/{queries.get_person(db, actor, roster, person_id).id}"
    except NotFound:
        return ""


def _to_survivor(db: Db, actor: Actor, roster: Roster, person_id: UUID) -> Response:
    """Lead old links of someone who was merged to who they are now. Refuses (``NotFound``) like any foreign id."""
    survivor = queries.get_person(db, actor, roster, queries.surviving_id(db, person_id))
    return RedirectResponse(f"/people/{survivor.id}", 303)

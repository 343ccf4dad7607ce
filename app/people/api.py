"""People over JSON."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.incoming.inputs import Email, Moment
from app.core.permissions import Permission
from app.people import actions, queries
from app.people.inputs import DepartureIn, PersonIn, PersonPatch, meant
from app.people.models import PersonStatus, PersonType
from app.people.queries import PeopleFilter, PersonOut, RecordOut
from app.people.roster import roster_of
from app.web.answers import EXAMPLE_AT, CursorParam, LimitParam, answer, answer_page, documented, example_id, order
from app.web.guards import requires
from app.web.idempotent import once
from app.web.router import Router

router = Router(prefix="/api/v1/people", tags=["people"])
Reader = Annotated[Actor, requires(Permission.PEOPLE_READ)]
Writer = Annotated[Actor, requires(Permission.PEOPLE_WRITE)]
Names = Annotated[list[Annotated[str, Query(max_length=200)]] | None, Query(max_length=50)]

EXAMPLE = PersonOut(
    id=example_id("person"),
    display_name="Ada Byron",
    given_name="Ada",
    family_name="Byron",
    email="ada.byron@example.com",
    aliases=("ada@example.com",),
    employee_id="E-1815",
    phone="+44 20 7946 0018",
    type="employee",
    status="active",
    status_from="lifecycle",
    team="Analytics",
    location="London",
    cost_centre="4100",
    job_title="Engineer",
    manager_id=example_id("person/manager"),
    start_date=date(2024, 3, 1),
    leaving_date=None,
    left_at=None,
    is_manual=False,
    created_at=EXAMPLE_AT,
    changed_at=EXAMPLE_AT,
)
RECORD_EXAMPLE = RecordOut(
    id=example_id("person record"),
    connection_id=example_id("connection"),
    source_id="00u1abcd",
    display_name="Ada Byron",
    given_name="Ada",
    family_name="Byron",
    email="ada.byron@example.com",
    aliases=(),
    employee_id="E-1815",
    phone="",
    type="employee",
    status="active",
    team="Analytics",
    location="",
    cost_centre="",
    job_title="Engineer",
    manager="cb@example.com",
    start_date=date(2024, 3, 1),
    leaving_date=None,
    seen_from=EXAMPLE_AT,
    seen_until=None,
)


@router.get("", summary="List people", **documented(PersonOut, EXAMPLE, many=True))
def list_people(
    request: Request,
    actor: Reader,
    db: Transaction,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    sort: Annotated[
        str,
        Query(max_length=20, description="id, name, email, status, type, team or start_date; - in front: descending"),
    ] = "",
    q: Annotated[str, Query(max_length=200, description="Words of name, e-mail, aliases or employee id.")] = "",
    status: Annotated[list[PersonStatus] | None, Query()] = None,
    type: Annotated[list[PersonType] | None, Query()] = None,  # noqa: A002 - the parameter's name
    team: Names = None,
    location: Names = None,
    cost_centre: Names = None,
    email: Annotated[Email | None, Query(description="An exact address or alias.")] = None,
    updated_since: Moment | None = None,
) -> Response:
    """By id unless asked otherwise; a search by name, with the total."""
    wanted = PeopleFilter(
        q=q, statuses=tuple(status or ()), types=tuple(type or ()),
        team_ids=queries.facet_ids(db, "team", team or ()),
        location_ids=queries.facet_ids(db, "location", location or ()),
        cost_centre_ids=queries.facet_ids(db, "cost_centre", cost_centre or ()),
        email=email or "", updated_since=updated_since,
    )  # fmt: skip
    wished = order(sort or ("name" if wanted.is_sealed else queries.BY_ID), limit, cursor)
    return answer_page(request, queries.list_people(db, actor, roster_of(request), wanted, wished))


@router.get("/{person_id}", summary="One person", **documented(PersonOut, EXAMPLE))
def get_person(request: Request, person_id: UUID, actor: Reader, db: Transaction) -> Response:
    return answer(queries.get_person(db, actor, roster_of(request), person_id))


@router.post("", summary="Add a person", **documented(PersonOut, EXAMPLE, status=201))
def create_person(request: Request, actor: Writer, db: Transaction, body: PersonIn) -> Response:
    def make() -> Response:
        person = actions.create_person(db, actor, **meant(body))
        made = queries.get_person(db, actor, roster_of(request), person.id)
        return answer(made, status=201, headers={"Location": f"/api/v1/people/{person.id}"})

    return once(request, db, actor, body, make)


@router.patch("/{person_id}", summary="Change a person", **documented(PersonOut, EXAMPLE))
def change_person(request: Request, person_id: UUID, actor: Writer, db: Transaction, body: PersonPatch) -> Response:
    """Facts that are typed here are no longer overwritten by sources, until ``is_manual`` is set to false."""
    actions.change_person(db, actor, queries.get_to_change(db, actor, person_id), **meant(body))
    return answer(queries.get_person(db, actor, roster_of(request), person_id))


@router.post("/{person_id}/departure", summary="Mark a person as left", **documented(PersonOut, EXAMPLE, status=201))
def mark_left(request: Request, person_id: UUID, actor: Writer, db: Transaction, body: DepartureIn) -> Response:
    """Now, or after their last day. Refused with 409 where the lifecycle source decides who has left."""

    def make() -> Response:
        person = queries.get_to_change(db, actor, person_id)
        actions.mark_left(db, actor, person, leaving_date=body.leaving_date)
        return answer(queries.get_person(db, actor, roster_of(request), person_id), status=201)

    return once(request, db, actor, body, make)


@router.delete("/{person_id}/departure", summary="Mark a person as active", **documented(PersonOut, EXAMPLE))
def mark_active(request: Request, person_id: UUID, actor: Writer, db: Transaction) -> Response:
    """Undoes a departure made or planned by hand. Refused with 409 where the lifecycle source decides who has left."""
    actions.mark_active(db, actor, queries.get_to_change(db, actor, person_id))
    return answer(queries.get_person(db, actor, roster_of(request), person_id))


@router.get(
    "/{person_id}/records",
    summary="What each source says of a person",
    **documented(RecordOut, RECORD_EXAMPLE, many=True),
)
def list_records(request: Request, person_id: UUID, actor: Reader, db: Transaction) -> Response:
    queries.get_person(db, actor, roster_of(request), person_id)
    return answer({"items": queries.list_records(db, person_id), "next": None})

"""Events over JSON, for auditors' tools and SIEMs. Those of the access log are for who may read that log."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.core.actor import Actor
from app.core.audit import Event, Outcome
from app.core.database import Transaction
from app.core.errors import NotFound
from app.core.incoming.inputs import Moment
from app.core.permissions import Permission
from app.trail import queries
from app.trail.queries import ChangeOut, EventFilter, EventOut
from app.web.answers import EXAMPLE_AT, CursorParam, LimitParam, answer, answer_page, documented, example_id, order
from app.web.guards import requires
from app.web.router import Router

router = Router(prefix="/api/v1/events", tags=["events"])
Reader = Annotated[Actor, requires(Permission.TRAIL_READ)]
Text = Annotated[str, Query(max_length=300)]

EXAMPLE = EventOut(
    id=example_id("event"),
    at=EXAMPLE_AT,
    action="person.changed",
    outcome="success",
    actor_kind="user",
    actor_id=example_id("user"),
    actor="ada@example.com",
    subject_type="person",
    subject_id=example_id("person"),
    subject="Grace Hopper",
    username="",
    method="",
    reason="",
    ip="192.0.2.7",
    user_agent="Mozilla/5.0",
    request_id="0192f0c4",
    changes=(ChangeOut("team", "Sales", "IT"),),
    detail={},
)


@router.get("", summary="List events, newest first", **documented(EventOut, EXAMPLE, many=True))
def list_events(
    request: Request,
    actor: Reader,
    db: Transaction,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    action: Annotated[list[Event] | None, Query(max_length=50)] = None,
    outcome: Annotated[list[Outcome] | None, Query(max_length=5)] = None,
    who: Text = "",
    ip: Text = "",
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
) -> Response:
    wanted = EventFilter(
        actions=tuple(each.value for each in action or ()), outcomes=tuple(outcome or ()), who=who, ip=ip, actor_id=actor_id,
        subject_id=subject_id, since=since, until=until, sign_ins=None if _reads_sign_ins(actor) else False,
    )  # fmt: skip
    return answer_page(request, queries.list_events(db, order(queries.NEWEST_FIRST, limit, cursor), wanted))


@router.get("/{event_id}", summary="One event", **documented(EventOut, EXAMPLE))
def get_event(event_id: UUID, actor: Reader, db: Transaction) -> Response:
    event = queries.get_event(db, event_id)
    if queries.is_sign_in(event.action) and not _reads_sign_ins(actor):
        raise NotFound("There is no such event.")
    return answer(event)


def _reads_sign_ins(actor: Actor) -> bool:
    return actor.may(Permission.ACCESS_LOG_READ)

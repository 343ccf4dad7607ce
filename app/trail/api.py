"""Events over JSON, for auditors' tools and SIEMs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Transaction
from app.core.identifiers import new_id
from app.core.permissions import Permission
from app.trail import queries
from app.trail.queries import ChangeOut, EventFilter, EventOut
from app.web.answers import CursorParam, LimitParam, answer, answer_page, documented, order
from app.web.guards import requires
from app.web.router import Router

router = Router(prefix="/api/v1/events", tags=["events"])
Reader = Annotated[Actor, requires(Permission.TRAIL_READ)]
Text = Annotated[str, Query(max_length=300)]

EXAMPLE = EventOut(
    id=new_id(), at=now(), action="person.changed", outcome="success", actor_kind="user", actor_id=new_id(),
    actor="ada@example.com", subject_type="person", subject_id=new_id(), subject="Grace Hopper", username="", method="",
    reason="", ip="192.0.2.7", user_agent="Mozilla/5.0", request_id="0192f0c4", changes=(ChangeOut("team", "Sales", "IT"),),
    detail={},
)  # fmt: skip


@router.get("", summary="List events, newest first", **documented(EventOut, EXAMPLE, many=True))
def list_events(
    request: Request,
    actor: Reader,
    db: Transaction,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    action: Annotated[list[str] | None, Query(max_length=50)] = None,
    outcome: Annotated[list[str] | None, Query(max_length=5)] = None,
    who: Text = "",
    ip: Text = "",
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Response:
    wanted = EventFilter(
        actions=tuple(action or ()), outcomes=tuple(outcome or ()), who=who, ip=ip, actor_id=actor_id,
        subject_id=subject_id, since=since, until=until,
    )  # fmt: skip
    return answer_page(request, queries.list_events(db, order(queries.NEWEST_FIRST, limit, cursor), wanted))


@router.get("/{event_id}", summary="One event", **documented(EventOut, EXAMPLE))
def get_event(event_id: UUID, actor: Reader, db: Transaction) -> Response:
    return answer(queries.get_event(db, event_id))

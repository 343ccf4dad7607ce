"""Reading the trail: events opened for those who may, filtered in SQL by plain columns and blind indexes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core.audit import SIGN_IN_EVENTS, EventFacts, EventRow, event_mac
from app.core.database import Db
from app.core.errors import NotFound
from app.core.listing import Order, Page, Sort, page_of
from app.core.sealed import DoesNotOpen

SORTS = {"at": Sort(EventRow.at, datetime)}
NEWEST_FIRST = "-at"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; everything given must hold. ``who`` is an exact actor label or typed user name, in any case."""

    sign_ins: bool | None = None
    actions: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    who: str = ""
    ip: str = ""
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


class ChangeOut(msgspec.Struct, frozen=True):
    """One changed field, before and after as text; null is "not known"."""

    field: str
    before: str | None
    after: str | None


class EventOut(msgspec.Struct, frozen=True):
    """One entry of the trail. ``is_intact`` is false where the row is not what was written."""

    id: UUID
    at: datetime
    action: str
    outcome: str
    actor_kind: str
    actor_id: UUID | None
    actor: str
    subject_type: str
    subject_id: UUID | None
    subject: str
    username: str
    method: str
    reason: str
    ip: str
    user_agent: str
    request_id: str
    changes: tuple[ChangeOut, ...]
    detail: dict[str, str | int | bool | None]
    is_intact: bool = True


def list_events(db: Db, order: Order, wanted: EventFilter) -> Page[EventOut]:
    """One page of events, newest first unless asked otherwise."""
    statement = sa.select(*EventRow.__table__.columns).where(*_conditions(db, wanted))
    return page_of(db, statement, SORTS, order, key=EventRow.id).map(lambda rows: [_opened(db, row) for row in rows])


def get_event(db: Db, event_id: UUID) -> EventOut:
    """One event. Refuses (``NotFound``)."""
    row = db.row(sa.select(*EventRow.__table__.columns).where(EventRow.id == event_id))
    if row is None:
        raise NotFound("There is no such event.")
    return _opened(db, row)


def count_events(db: Db, wanted: EventFilter) -> int:
    """How many events there are."""
    return int(db.value(sa.select(sa.func.count()).select_from(EventRow).where(*_conditions(db, wanted))))


def each_event(db: Db, wanted: EventFilter) -> Iterator[EventOut]:
    """All events that match, newest first, in batches: memory stays flat."""
    order = Order(NEWEST_FIRST, None, _BATCH)
    while True:
        page = list_events(db, order, wanted)
        yield from page.rows
        if page.next is None:
            return
        order = Order(NEWEST_FIRST, page.next, _BATCH)


def is_sign_in(action: str) -> bool:
    """Whether an action belongs in the access log."""
    return action in {event.value for event in SIGN_IN_EVENTS}


def _conditions(db: Db, wanted: EventFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.sign_ins is not None:
        among = EventRow.action.in_([event.value for event in SIGN_IN_EVENTS])
        found.append(among if wanted.sign_ins else ~among)
    for column, values in (
        (EventRow.action, wanted.actions),
        (EventRow.outcome, wanted.outcomes),
        (EventRow.method, wanted.methods),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.who:
        found.append(EventRow.who_index == db.index(EventRow, "who", wanted.who))
    if wanted.ip:
        found.append(EventRow.ip_index == db.index(EventRow, "ip", wanted.ip))
    exact: tuple[tuple[Any, Any], ...] = (
        (EventRow.actor_id, wanted.actor_id),
        (EventRow.subject_id, wanted.subject_id),
        (EventRow.request_id, wanted.request_id),
    )
    found += [column == value for column, value in exact if value]
    if wanted.since:
        found.append(EventRow.at >= wanted.since)
    if wanted.until:
        found.append(EventRow.at < wanted.until)
    return found


def _opened(db: Db, row: sa.Row[Any]) -> EventOut:
    values = dict(row._mapping)  # noqa: SLF001 - the documented way to columns by name
    intact = event_mac(db.keys, values) == row.mac
    try:
        facts = db.open(EventFacts, EventRow, row.id, row.sealed)
    except DoesNotOpen:
        facts, intact = EventFacts(reason="This entry does not open: it was altered."), False
    return EventOut(
        id=row.id, at=row.at, action=row.action, outcome=row.outcome,
        actor_kind=row.actor_kind, actor_id=row.actor_id, actor=facts.actor,
        subject_type=row.subject_type, subject_id=row.subject_id, subject=facts.subject,
        username=facts.username, method=row.method, reason=facts.reason, ip=facts.ip, user_agent=facts.user_agent,
        request_id=row.request_id, is_intact=intact, detail=facts.detail,
        changes=tuple(ChangeOut(change.field, change.before, change.after) for change in facts.changes),
    )  # fmt: skip


def end_of_day(moment: datetime) -> datetime:
    """The moment a whole day later: an "until" date includes its day."""
    return moment + timedelta(days=1)

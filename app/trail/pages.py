"""The access log (every attempt to sign in) and the audit trail (every change), filtered by anything clicked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.core.actor import Actor
from app.core.audit import SIGN_IN_EVENTS, Event
from app.core.database import Db, Transaction
from app.core.errors import Invalid, NotFound
from app.core.listing import Order
from app.core.permissions import Permission
from app.organisation.queries import get_organisation
from app.trail import queries
from app.trail.exporting import export
from app.trail.queries import ChangeOut, EventFilter, EventOut
from app.trail.wording import METHODS, OUTCOMES, action_label
from app.web.guards import requires
from app.web.list_view import Filter, ListView
from app.web.render import render
from app.web.router import Router

router = Router()
SIZE = 50
_SIGN_INS = tuple(event.value for event in SIGN_IN_EVENTS)
_CHANGES = tuple(event.value for event in Event if event not in SIGN_IN_EVENTS)
_TONES = {"success": "ok", "failure": "bad", "refused": "warn"}

Reader = Annotated[Actor, requires(Permission.TRAIL_READ)]
LogReader = Annotated[Actor, requires(Permission.ACCESS_LOG_READ)]
Text = Annotated[str, Query(max_length=300)]
Choices = Annotated[list[str] | None, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event as a list shows it."""

    event: EventOut
    action: str
    outcome: str
    tone: str
    method: str

    @property
    def told(self) -> Sequence[ChangeOut]:
        """The changes that tell a reader something: ids stand on the event's own page."""
        return [each for each in self.event.changes if not (_is_id(each.before) or _is_id(each.after))]


@dataclass(frozen=True, slots=True)
class EventsPage:
    """A list of events: the access log or the audit trail."""

    list: ListView
    lines: Sequence[EventLine]
    who: str
    ip: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """One event, whole."""

    line: EventLine
    back: str
    back_label: str

    @property
    def changes(self) -> list[tuple[str, str | None, str | None]]:
        """Field in words, before, after."""
        return [(change.field.replace("_", " "), change.before, change.after) for change in self.line.event.changes]


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of both lists, as typed."""

    who: str
    ip: str
    since: str
    until: str
    action: tuple[str, ...]
    outcome: tuple[str, ...]
    method: tuple[str, ...]
    subject_id: UUID | None


def asked(
    who: Text = "",
    ip: Text = "",
    since: Text = "",
    until: Text = "",
    action: Choices = None,
    outcome: Choices = None,
    method: Choices = None,
    subject_id: UUID | None = None,
) -> Asked:
    """What the address asks for. ``since`` and ``until`` are days in the organisation's time zone, both included."""
    return Asked(who, ip, since, until, tuple(action or ()), tuple(outcome or ()), tuple(method or ()), subject_id)


Question = Annotated[Asked, Depends(asked)]


@router.get("/access-log", include_in_schema=False)
def access_log(
    request: Request,
    actor: LogReader,
    db: Transaction,
    question: Question,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> HTMLResponse:
    wanted = _filter(db, question, sign_ins=True)
    return _list(request, db, question, wanted, cursor)


@router.get("/audit-trail", include_in_schema=False)
def audit_trail(
    request: Request,
    actor: Reader,
    db: Transaction,
    question: Question,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> HTMLResponse:
    wanted = _filter(db, question, sign_ins=False)
    return _list(request, db, question, wanted, cursor)


@router.get("/access-log.csv", include_in_schema=False)
def access_log_file(request: Request, actor: LogReader, db: Transaction, question: Question) -> Response:
    return export(request, db, actor, _filter(db, question, sign_ins=True), "Access log")


@router.get("/audit-trail.csv", include_in_schema=False)
def audit_trail_file(request: Request, actor: Reader, db: Transaction, question: Question) -> Response:
    return export(request, db, actor, _filter(db, question, sign_ins=False), "Audit trail")


@router.get("/access-log/{event_id}", include_in_schema=False)
def sign_in_event(request: Request, event_id: UUID, actor: LogReader, db: Transaction) -> HTMLResponse:
    return _event(request, db, event_id, sign_in=True)


@router.get("/audit-trail/{event_id}", include_in_schema=False)
def trail_event(request: Request, event_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    return _event(request, db, event_id, sign_in=False)


def _event(request: Request, db: Db, event_id: UUID, *, sign_in: bool) -> HTMLResponse:
    event = queries.get_event(db, event_id)
    if queries.is_sign_in(event.action) != sign_in:
        raise NotFound("There is no such event here.")
    back, label = ("/access-log", "Access log") if sign_in else ("/audit-trail", "Audit trail")
    return render(request, "trail/event.html", EventPage(_line(event), back, label))


def _list(request: Request, db: Db, question: Asked, wanted: EventFilter, cursor: str | None) -> HTMLResponse:
    page = queries.list_events(db, Order(queries.NEWEST_FIRST, cursor, SIZE), wanted)
    shown = ListView(
        path=request.url.path,
        params=tuple(request.query_params.multi_items()),
        noun="attempts" if wanted.sign_ins else "events",
        sort=queries.NEWEST_FIRST,
        page=page,
        filters=_filters(sign_ins=bool(wanted.sign_ins)),
        size=SIZE,
    )
    lines = [_line(event) for event in page.rows]
    context = EventsPage(shown, lines, question.who, question.ip, question.since, question.until)
    template = "trail/access_log.html" if wanted.sign_ins else "trail/audit_trail.html"
    return render(request, template, context, block="listing")


def _filters(*, sign_ins: bool) -> tuple[Filter, ...]:
    actions = _SIGN_INS if sign_ins else _CHANGES
    found = [
        Filter(
            "action",
            "Action",
            tuple(sorted(((name, action_label(name)) for name in actions), key=lambda pair: pair[1])),
        ),
        Filter("outcome", "Outcome", tuple(OUTCOMES.items())),
    ]
    if sign_ins:
        found.append(Filter("method", "Method", tuple(METHODS.items())))
    return tuple(found)


def _is_id(value: str | None) -> bool:
    try:
        return bool(value and UUID(value))
    except ValueError:
        return False


def _line(event: EventOut) -> EventLine:
    return EventLine(
        event, action_label(event.action), OUTCOMES.get(event.outcome, event.outcome), _TONES.get(event.outcome, "mute"),
        METHODS.get(event.method, event.method),
    )  # fmt: skip


def _filter(db: Db, question: Asked, *, sign_ins: bool) -> EventFilter:
    zone = ZoneInfo(get_organisation(db).time_zone)
    since, until = _day("since", question.since, zone), _day("until", question.until, zone)
    return EventFilter(
        sign_ins=sign_ins, actions=question.action, outcomes=question.outcome, methods=question.method,
        who=question.who, ip=question.ip, subject_id=question.subject_id,
        since=since, until=queries.end_of_day(until) if until else None,
    )  # fmt: skip


def _day(field: str, text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid.field(field, "Enter a day as year-month-day, such as 2026-12-31.") from None
    if not 1970 <= day.year <= 2200:  # noqa: PLR2004 - the years that the product knows
        raise Invalid.field(field, "Enter a day between 1970 and 2200.")
    return datetime.combine(day, time(), zone)

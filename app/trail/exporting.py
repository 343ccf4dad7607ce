"""Events as a file: every column an auditor asks for, newest first, in flat memory."""

from collections.abc import Iterator, Sequence

from fastapi import Request

from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Db
from app.trail import queries
from app.trail.queries import EventFilter, EventOut
from app.web.downloads import Download
from app.web.exporting import Exported
from app.web.exporting import export as export_list

COLUMNS = (
    "Time (UTC)", "Action", "Outcome", "Who", "User name as typed", "Method", "Reason", "IP address", "Browser", "About",
    "Subject", "Changes", "Detail", "Request", "Event",
)  # fmt: skip


def export(request: Request, db: Db, actor: Actor, wanted: EventFilter, title: str) -> Download:
    """The events that match, as a download; exporting is an event itself."""
    everything = EventFilter(sign_ins=wanted.sign_ins)
    what = Exported(
        title=title,
        event=Event.EVENTS_EXPORTED,
        columns=COLUMNS,
        count=lambda db: queries.count_events(db, wanted),
        total=lambda db: queries.count_events(db, everything),
        rows=lambda db: _rows(db, wanted),
        words=words(wanted),
    )
    return export_list(request, db, actor, what)


def words(wanted: EventFilter) -> str:
    """The filter as a sentence; names and addresses that were searched for are part of it."""
    parts = [
        ("action", ", ".join(wanted.actions)), ("outcome", ", ".join(wanted.outcomes)), ("method", ", ".join(wanted.methods)),
        ("who", wanted.who), ("IP address", wanted.ip), ("about", str(wanted.subject_id or "")),
        ("from", wanted.since.isoformat() if wanted.since else ""), ("before", wanted.until.isoformat() if wanted.until else ""),
    ]  # fmt: skip
    return "; ".join(f"{name} {value}" for name, value in parts if value)


def _rows(db: Db, wanted: EventFilter) -> Iterator[Sequence[str]]:
    for event in queries.each_event(db, wanted):
        yield _row(event)


def _row(event: EventOut) -> Sequence[str]:
    changes = "; ".join(f"{each.field}: {each.before or '—'} → {each.after or '—'}" for each in event.changes)
    detail = "; ".join(f"{name}: {value}" for name, value in event.detail.items() if value is not None)
    return (
        event.at.isoformat(timespec="microseconds"), event.action, event.outcome, event.actor or event.actor_kind,
        event.username, event.method, event.reason, event.ip, event.user_agent, event.subject_type, event.subject,
        changes, detail, event.request_id, str(event.id),
    )  # fmt: skip

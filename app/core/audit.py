"""``record``: one event per change, in the transaction that made the change.

If the event cannot be written, nothing happens. The row is never updated: the application's database role has no right
to. Who, whose and from where are sealed; a MAC under the trail key covers the whole row.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import clock, columns
from app.core.actor import Actor
from app.core.database import Base, Db
from app.core.identifiers import new_id
from app.core.sealed import Facts, Keyring

Outcome = Literal["success", "failure", "refused"]
MAX_LABEL = 300
MAX_VALUE = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(StrEnum):
    """Everything that can be in the trail: ``subject.verb``. A name is never reused for something else."""

    ACCOUNT_LINKED = "account.linked"
    ACCOUNT_MARKED = "account.marked"
    ACCOUNT_UNLINKED = "account.unlinked"
    ACCOUNT_VANISHED = "account.vanished"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNTS_EXPORTED = "accounts.exported"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    APP_CHANGED = "app.changed"
    APP_CREATED = "app.created"
    APP_MERGED = "app.merged"
    APP_UNMERGED = "app.unmerged"
    APPS_EXPORTED = "apps.exported"
    CONNECTION_CHANGED = "connection.changed"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_REMOVED = "connection.removed"
    CONNECTION_TESTED = "connection.tested"
    DEMO_FILLED = "demo.filled"
    EVENTS_EXPORTED = "events.exported"
    EXPORT_REQUESTED = "export.requested"
    FACTORS_RESET = "factors.reset"
    FAILED_ROWS_EXPORTED = "failed_rows.exported"
    IMPORT_APPLIED = "import.applied"
    IMPORT_DISCARDED = "import.discarded"
    IMPORT_MAPPED = "import.mapped"
    IMPORT_REQUESTED = "import.requested"
    IMPORT_UNDONE = "import.undone"
    IMPORT_UPLOADED = "import.uploaded"
    INVITATION_ISSUED = "invitation.issued"
    INVITATION_USED = "invitation.used"
    LIFECYCLE_SOURCE_CHANGED = "lifecycle_source.changed"
    MFA_ATTEMPT = "login.second_factor"
    ORGANISATION_CHANGED = "organisation.changed"
    PASSWORD_CHANGED = "password.changed"
    PEOPLE_EXPORTED = "people.exported"
    PERSON_CHANGED = "person.changed"
    PERSON_CREATED = "person.created"
    PERSON_JOINED = "person.joined"
    PERSON_LEFT = "person.left"
    PERSON_MERGED = "person.merged"
    PERSON_UNMERGED = "person.unmerged"
    PRIVILEGED_GRANTED = "grant.privileged"
    RECOVERY_CODES_RENEWED = "recovery_codes.renewed"
    SECRET_READ = "secret.read"
    SECRET_STORED = "secret.stored"
    SESSION_ENDED = "session.ended"
    SESSION_STARTED = "session.started"
    SET_UP = "setup.completed"
    SET_UP_LINK_ISSUED = "setup.link_issued"
    SET_UP_LINK_USED = "setup.link_used"
    SIGN_IN_ATTEMPT = "login.attempt"
    SIGNED_OUT = "login.signed_out"
    STEP_UP = "login.step_up"
    SYNC_APPROVED = "sync.approved"
    SYNC_DISCARDED = "sync.discarded"
    SYNC_FINISHED = "sync.finished"
    SYNC_REQUESTED = "sync.requested"
    SYNC_STOPPED = "sync.stop_requested"
    TOTP_ENROLLED = "totp.enrolled"
    USER_CHANGED = "user.changed"
    USER_CREATED = "user.created"
    USER_DEACTIVATED = "user.deactivated"
    USER_REACTIVATED = "user.reactivated"


SIGN_IN_EVENTS = (Event.SIGN_IN_ATTEMPT, Event.MFA_ATTEMPT, Event.STEP_UP, Event.SIGNED_OUT)


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One changed field: before and after as text, as the trail shows them; secrets never stand here."""

    field: str
    before: str | None
    after: str | None


class EventFacts(Facts, frozen=True):
    """The sealed part of an event. ``username`` is a sign-in name as typed."""

    actor: str = ""
    subject: str = ""
    ip: str = ""
    user_agent: str = ""
    username: str = ""
    method: str = ""
    reason: str = ""
    changes: tuple[Change, ...] = ()
    detail: dict[str, str | int | bool | None] = msgspec.field(default_factory=dict)


class EventRow(Base):
    """One entry of the trail. ``who_index`` finds an actor or a typed user name, ``ip_index`` an address."""

    __tablename__ = "events"

    id: Mapped[UUID] = columns.row_id()
    at: Mapped[datetime] = columns.moment()
    request_id: Mapped[str] = columns.plain(sa.String(64))
    action: Mapped[str] = columns.plain(sa.String(60))
    outcome: Mapped[str] = columns.plain(sa.String(20))
    method: Mapped[str] = columns.plain(sa.String(30), server_default="")
    actor_kind: Mapped[str] = columns.plain(sa.String(20))
    actor_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True)
    subject_type: Mapped[str] = columns.plain(sa.String(40))
    subject_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True)
    who_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    ip_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    sealed: Mapped[bytes] = columns.sealed_facts()
    mac: Mapped[bytes] = columns.plain(sa.LargeBinary(32))

    __table_args__ = (
        sa.Index("ix_events_at_id", "at", "id"),
        sa.Index("ix_events_action_at", "action", "at"),
        sa.Index("ix_events_subject_id_at", "subject_id", "at"),
        sa.Index("ix_events_actor_id_at", "actor_id", "at"),
        sa.Index("ix_events_who_index_at", "who_index", "at"),
        sa.Index("ix_events_ip_index_at", "ip_index", "at"),
    )


class Subject(msgspec.Struct, frozen=True):
    """What an event is about; the label is kept in the trail even when the thing is gone or renamed."""

    type: str
    id: UUID | None = None
    label: str = ""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The fields that differ, as text. Both mappings hold plain values; None is "not known"."""
    fields = {**before, **after}
    return tuple(
        Change(name, _text(before.get(name)), _text(after.get(name)))
        for name in fields
        if before.get(name) != after.get(name)
    )


def record(  # noqa: PLR0913 - one call says everything about one event
    db: Db,
    actor: Actor,
    event: Event,
    subject: Subject,
    *,
    changes: tuple[Change, ...] = (),
    outcome: Outcome = "success",
    username: str = "",
    method: str = "",
    reason: str = "",
    detail: Mapping[str, str | int | bool | None] | None = None,
) -> UUID:
    """Write one event in the transaction of ``db`` and return its id.

    ``username`` is a sign-in name as typed (sign-in events), ``reason`` a readable reason, ``detail`` further facts or
    counts. Never pass a secret.
    """
    facts = EventFacts(
        actor=actor.label[:MAX_LABEL],
        subject=subject.label[:MAX_LABEL],
        ip=actor.ip,
        user_agent=actor.user_agent[:MAX_LABEL],
        username=username[:MAX_LABEL],
        method=method,
        reason=reason[:MAX_VALUE],
        changes=changes,
        detail={**(detail or {}), **({"user": str(actor.user_id)} if actor.kind == "api_key" else {})},
    )
    who = username or actor.label
    event_id = new_id()
    row: dict[str, Any] = {
        "id": event_id,
        "at": clock.now(),
        "request_id": actor.request_id[:64],
        "action": event.value,
        "outcome": outcome,
        "method": method,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "subject_type": subject.type,
        "subject_id": subject.id,
        "who_index": db.index(EventRow, "who", who[:MAX_LABEL]) if who else None,
        "ip_index": db.index(EventRow, "ip", actor.ip) if actor.ip else None,
    }
    row["sealed"] = db.seal(EventRow, event_id, facts)
    row["mac"] = event_mac(db.keys, row)
    db.session.execute(sa.insert(EventRow), row)
    return event_id


def event_mac(keys: Keyring, row: Mapping[str, Any]) -> bytes:
    """The MAC over all columns of an event row, in a fixed order; moments in microseconds since 1970."""
    at: datetime = row["at"]
    parts = [str((at - _EPOCH) // timedelta(microseconds=1)).encode()]
    parts += [
        value if isinstance(value, bytes) else str("" if value is None else value).encode()
        for value in (
            row["id"], row["request_id"], row["action"], row["outcome"], row["method"], row["actor_kind"], row["actor_id"],
            row["subject_type"], row["subject_id"], row["who_index"], row["ip_index"], row["sealed"],
        )
    ]  # fmt: skip
    return keys.mac("event", *parts)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text[:MAX_VALUE]

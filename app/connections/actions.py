"""What can happen to a connection by hand: made, changed, paused, removed, made to decide who has left. One event each.

Changing where a connection points drops its secret (``connectors.sdk.fields``) and needs a fresh factor: whoever may edit
the address must not be able to have the secret sent there.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.access.snapshot import end_connection
from app.apps.queries import get_app
from app.connections import endings, fencing
from app.connections.imports.uploading import discard_pending
from app.connections.models import (
    Connection,
    ConnectionFacts,
    open_connection,
    seal_connection,
)
from app.connections.news import record_vanished
from app.connections.runs import open_syncs
from app.core import audit, clock, vault
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, FieldError, Invalid, NotFound, NotFresh
from app.core.identifiers import new_id
from app.core.sealed import DoesNotOpen
from app.organisation.queries import get_organisation
from app.people import lifecycle
from app.people.snapshot import end_records
from connectors.sdk.connector import Connector
from connectors.sdk.fields import FieldsRefused, Parsed, Value, parse, points_elsewhere

DIRECTORY = "is_directory"  # the name of the field by which a connector of accounts is told that its users are people
_PLAIN = ("name", "app_id", "every_minutes", "removal_percent", "removal_count")


class ConnectionChanges(TypedDict, total=False):
    """What may be said of a connection; what is absent stays as it is. ``settings`` are the connector's fields."""

    name: str
    app_id: UUID | None
    every_minutes: int
    removal_percent: int
    removal_count: int
    settings: Mapping[str, object]


def create_connection(db: Db, actor: Actor, connector: Connector, facts: ConnectionChanges) -> Connection:
    """Save a new connection with its secret in the vault.

    Refuses (``Invalid``) wrong settings, field by field, or accounts without an app; (``Conflict``) a name that exists.
    """
    parsed = _parsed(connector, facts.get("settings", {}))
    now = clock.now()
    connection = Connection(
        id=new_id(), connector=connector.key, status="active", fence=0, created_at=now, name="", every_minutes=0,
        removal_percent=5, removal_count=5, feeds_people=False,
    )  # fmt: skip
    _apply(db, actor, connection, facts, _Settings(connector, parsed, ConnectionFacts()))
    with _unique_name(connection):
        db.add(connection)
    shown = _shown(connection, parsed.values)
    audit.record(db, actor, Event.CONNECTION_CREATED, subject_of(connection), changes=audit.changed({}, shown))
    return connection


def change_connection(
    db: Db, actor: Actor, connector: Connector, connection: Connection, facts: ConnectionChanges
) -> None:
    """Set what ``facts`` names. Settings that are left out stay, secrets that are left empty too.

    Refuses like ``create_connection``; (``NotFresh``) another address without a factor given in the last minutes.
    """
    saved = _saved(db, connection)
    given = {**saved.settings, **facts.get("settings", {})}
    parsed = _parsed(connector, given, saved=saved.settings, saved_secrets=saved.secrets)
    if points_elsewhere(connector.fields, saved.settings, parsed.values):
        _require_fresh(actor)
        _discard_runs(db, connection, "The connection points elsewhere now.")
    before = _shown(connection, saved.settings)
    _apply(db, actor, connection, facts, _Settings(connector, parsed, saved))
    changes = audit.changed(before, _shown(connection, parsed.values))
    with _unique_name(connection):
        db.session.flush()
    if changes or parsed.secrets:
        detail = {"secret": "replaced"} if parsed.secrets else None
        event = Event.CONNECTION_CHANGED
        audit.record(db, actor, event, subject_of(connection), changes=changes, detail=detail)


def set_paused(db: Db, actor: Actor, connection: Connection, *, paused: bool) -> None:
    """Hold back the scheduled syncs, or let them run again. Nothing happens when it is so already."""
    before = connection.status
    connection.status = "paused" if paused else "active"
    if connection.status != before:
        connection.changed_at = clock.now()
        changes = audit.changed({"status": before}, {"status": connection.status})
        audit.record(db, actor, Event.CONNECTION_CHANGED, subject_of(connection), changes=changes)


def remove_connection(db: Db, actor: Actor, connection: Connection) -> None:
    """Forget the secret and end everything that this connection saw; people, its runs and the trail stay.

    A run that is under way writes nothing more, and files that wait to be applied are discarded.
    """
    now = clock.now()
    _discard_runs(db, connection, "The connection was removed.")
    discard_pending(db, actor, connection.id, "The connection was removed.")
    ended = end_connection(db, connection.id, now)
    end_records(db, connection.id, now)
    vault.forget(db, _secret_name(connection.id))
    facts = _saved(db, connection)
    connection.status, connection.vault_reference, connection.next_run_at = "removed", None, None
    connection.changed_at = now
    connection.sealed = seal_connection(db, connection, msgspec.structs.replace(facts, secrets=()))
    db.session.flush()
    if get_organisation(db).lifecycle_source_id == connection.id:
        lifecycle.choose_lifecycle_source(db, actor, None)
    elif connection.feeds_people:
        lifecycle.recompute(db, actor, None)
    record_vanished(db, actor, ended)
    audit.record(db, actor, Event.CONNECTION_REMOVED, subject_of(connection), detail={"accounts": len(ended)})


def choose_lifecycle_source(db: Db, actor: Actor, connection: Connection | None) -> None:
    """Let this connection decide who has left, or none. Refuses (``Conflict``) one that knows no people."""
    if connection is not None and not connection.feeds_people:
        raise Conflict(f"{connection.name} knows accounts and no people, so it cannot say who has left.")
    label = connection.name if connection else ""
    lifecycle.choose_lifecycle_source(db, actor, connection.id if connection else None, label=label)


def subject_of(connection: Connection) -> Subject:
    """A connection as the subject of an event."""
    return Subject("connection", connection.id, connection.name)


def _saved(db: Db, connection: Connection) -> ConnectionFacts:
    """The settings as they were saved; none of a connection that was changed by hand, so all are asked for anew."""
    try:
        return open_connection(db, connection)
    except DoesNotOpen:
        return ConnectionFacts()


def _parsed(
    connector: Connector,
    given: Mapping[str, object],
    *,
    saved: Mapping[str, Value] | None = None,
    saved_secrets: Collection[str] = (),
) -> Parsed:
    try:
        return parse(connector.fields, given, saved=saved, saved_secrets=saved_secrets)
    except FieldsRefused as refused:
        fields = tuple(FieldError(f"settings.{problem.field}", problem.message) for problem in refused.problems)
        raise Invalid("Some settings need your attention.", fields=fields) from None


class _Settings(NamedTuple):
    """Settings as they are to be saved, and what was saved before."""

    connector: Connector
    parsed: Parsed
    saved: ConnectionFacts


def _apply(db: Db, actor: Actor, connection: Connection, facts: Mapping[str, Any], settings: _Settings) -> None:
    connector, parsed, saved = settings
    before = connection.every_minutes
    if facts.get("app_id") is not None:
        _require_app(db, actor, facts["app_id"])
    for name in _PLAIN:
        if name in facts:
            setattr(connection, name, facts[name])
    if connection.every_minutes != before:
        connection.next_run_at = clock.now() if connection.every_minutes else None
    if "sync" in connector.capabilities:
        connection.feeds_people = _feeds_people(connector, parsed.values)
    if {"accounts", "sync"} <= connector.capabilities and connection.app_id is None:
        raise Invalid.field("app_id", "Choose the app whose accounts these are.")
    connection.changed_at = clock.now()
    names = _store_secrets(db, actor, connection, parsed, saved)
    connection.sealed = seal_connection(db, connection, ConnectionFacts(settings=parsed.values, secrets=names))


def _require_app(db: Db, actor: Actor, app_id: UUID) -> None:
    try:
        get_app(db, actor, app_id)
    except NotFound:
        raise Invalid.field("app_id", "Choose an app that is listed here.") from None


def _store_secrets(
    db: Db, actor: Actor, connection: Connection, parsed: Parsed, saved: ConnectionFacts
) -> tuple[str, ...]:
    """Put new secrets into the vault beside those that are kept; the names of all of them."""
    kept = set(saved.secrets) - parsed.dropped - parsed.secrets.keys()
    if parsed.secrets or parsed.dropped:
        values = {name: secret.reveal() for name, secret in parsed.secrets.items()}
        if kept and connection.vault_reference:
            text = vault.read(db, actor, connection.vault_reference, label=connection.name, purpose="change")
            stored = msgspec.json.decode(text, type=dict[str, str])
            values |= {name: stored[name] for name in kept}
        text = msgspec.json.encode(values).decode()
        connection.vault_reference = vault.store(db, actor, _secret_name(connection.id), text, label=connection.name)
    return tuple(sorted(kept | parsed.secrets.keys()))


def _secret_name(connection_id: UUID) -> str:
    return f"connection/{connection_id}"


def _feeds_people(connector: Connector, values: Mapping[str, Value]) -> bool:
    if "people" not in connector.capabilities:
        return False
    asks = any(field.name == DIRECTORY for field in connector.fields)
    return values.get(DIRECTORY) is True if asks else True


def _shown(connection: Connection, settings: Mapping[str, Value]) -> dict[str, Any]:
    """What the trail shows of a connection; secrets are not among its settings."""
    return {name: getattr(connection, name) for name in (*_PLAIN, "feeds_people", "status")} | dict(settings)


def _discard_runs(db: Db, connection: Connection, reason: str) -> None:
    """End the runs that are not over: what they have read is not to be merged, and they write nothing more."""
    fencing.advance(db, connection.id)
    for sync_id in db.session.scalars(open_syncs(connection.id)).all():
        endings.discard(db, sync_id, reason)


def _require_fresh(actor: Actor) -> None:
    if not actor.is_fresh:
        raise NotFresh("Confirm that it is you: another address means that the secret is sent elsewhere.")


@contextmanager
def _unique_name(connection: Connection) -> Iterator[None]:
    name = connection.name  # cannot be read any more once the statement has failed
    try:
        yield
    except sa.exc.IntegrityError as error:
        if "uq_connections_name" not in str(error.orig):
            raise
        message = f"There is another connection called {name}."
        raise Conflict(message, fields=(FieldError("name", message),)) from None

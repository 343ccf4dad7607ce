"""Integrations: what is connected, how fresh it is, and what could be connected."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.apps.actions import create_app
from app.apps.queries import AppFilter, list_apps
from app.connections import actions, form, queries, runs
from app.connections.catalogue import connector_of
from app.connections.form import FieldShown, Sent
from app.connections.queries import ConnectionOut, SyncOut
from app.connections.wording import CAPABILITIES, EVERY, HEALTH
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.core.listing import Order
from app.core.permissions import Permission
from app.organisation.queries import get_organisation
from app.web import flash
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router
from connectors.registry import CONNECTORS
from connectors.sdk.connector import Connector

router = Router()
Reader = Annotated[Actor, requires(Permission.CONNECTIONS_READ)]
Writer = Annotated[Actor, requires(Permission.CONNECTIONS_WRITE)]


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    """One connection in the list."""

    connection: ConnectionOut
    connector: str
    health: str
    tone: str
    last: SyncOut | None
    is_lifecycle: bool


@dataclass(frozen=True, slots=True)
class ConnectorCard:
    """One connector in the catalogue."""

    key: str
    name: str
    summary: str
    href: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IntegrationsPage:
    """The list and the catalogue."""

    lines: tuple[ConnectionLine, ...]
    catalogue: tuple[ConnectorCard, ...]
    may_write: bool


@dataclass(frozen=True, slots=True)
class NewConnectionPage:
    """The form of a new connection, with what the other system must permit and why."""

    connector: Connector
    capabilities: tuple[str, ...]
    fields: tuple[FieldShown, ...]
    typed: dict[str, str]
    apps: tuple[tuple[str, str], ...]
    every: tuple[tuple[str, str], ...]
    errors: tuple[FieldError, ...] = ()


@router.get("/integrations", include_in_schema=False)
def integrations(request: Request, actor: Reader, db: Transaction) -> HTMLResponse:
    lifecycle = get_organisation(db).lifecycle_source_id
    lines = tuple(
        _line(db, connection, is_lifecycle=connection.id == lifecycle) for connection in queries.all_connections(db)
    )
    catalogue = tuple(_card(connector) for connector in CONNECTORS.values())
    may_write = actor.may(Permission.CONNECTIONS_WRITE)
    return render(request, "connections/list.html", IntegrationsPage(lines, catalogue, may_write))


@router.get("/integrations/new/{key}", include_in_schema=False)
def new_connection(request: Request, key: str, actor: Writer, db: Transaction) -> HTMLResponse:
    connector = connector_of(key)
    return _form(request, db, actor, connector, form.typed_defaults(connector))


@router.post("/integrations/new/{key}", include_in_schema=False)
def create_connection(sent: Sent, request: Request, key: str, actor: Writer, db: Transaction) -> Response:
    connector = connector_of(key)
    try:
        facts: Any = form.facts_of(sent, connector)
        form.require_callable(request, connector, facts["settings"])
        with db.savepoint():
            connection = actions.create_connection(db, actor, connector, _with_app(db, actor, connector, facts))
    except Invalid as error:
        return _form(request, db, actor, connector, sent, error.fields)
    except Conflict as error:
        return _form(request, db, actor, connector, sent, (FieldError("name", error.message),))
    runs.request_test(db, actor, connection)
    response = RedirectResponse(f"/integrations/{connection.id}", 303)
    flash.say(response, "Connection saved. It is being tested.")
    return response


def app_choices(db: Db, actor: Actor) -> tuple[tuple[str, str], ...]:
    """The apps to choose from, by name."""
    page = list_apps(db, actor, AppFilter(), Order("name", None, 1000))
    return tuple(
        (str(app.id), f"{app.name} ({app.instance_name})" if app.instance_name else app.name) for app in page.rows
    )


def _with_app(db: Db, actor: Actor, connector: Connector, facts: Any) -> Any:
    """The facts with an app: where none was chosen, a new one named like the connection."""
    if facts.get("app_id") is not None or "accounts" not in connector.capabilities:
        return facts
    try:
        return {**facts, "app_id": create_app(db, actor, {"name": facts["name"]}).id}
    except Conflict:
        raise Invalid.field("app_id", f"There is an app named {facts['name']} already: choose it here.") from None


def _form(
    request: Request,
    db: Db,
    actor: Actor,
    connector: Connector,
    typed: dict[str, str],
    errors: tuple[FieldError, ...] = (),
) -> HTMLResponse:
    typed = dict.fromkeys(form.typed_defaults(connector), "") | typed
    page = NewConnectionPage(
        connector, _words(connector), form.shown_fields(connector, typed), typed, app_choices(db, actor), EVERY, errors
    )
    return render(request, "connections/new.html", page, status=422 if errors else 200)


def _line(db: Db, connection: ConnectionOut, *, is_lifecycle: bool) -> ConnectionLine:
    words, tone = HEALTH[connection.health]
    connector = CONNECTORS[connection.connector].name
    return ConnectionLine(connection, connector, words, tone, queries.latest(db, connection.id), is_lifecycle)


def _card(connector: Connector) -> ConnectorCard:
    href = f"/integrations/new/{connector.key}" if "sync" in connector.capabilities else "/integrations/import"
    return ConnectorCard(connector.key, connector.name, connector.summary, href, _words(connector))


def _words(connector: Connector) -> tuple[str, ...]:
    return tuple(words for key, words in CAPABILITIES.items() if key in connector.capabilities)

"""Connections and syncs over JSON. Secrets go in and never come out."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from app.connections import actions, queries, runs
from app.connections.catalogue import connector_of
from app.connections.form import require_callable
from app.connections.models import Counts, SyncState
from app.connections.queries import ConnectionOut, SyncOut
from app.core.actor import Actor
from app.core.database import Transaction
from app.core.incoming.inputs import ABSENT, Input, Name, changes
from app.core.permissions import Permission
from app.web.answers import EXAMPLE_AT, CursorParam, LimitParam, answer, answer_page, documented, example_id, order
from app.web.guards import requires
from app.web.idempotent import once
from app.web.router import Router

router = Router(prefix="/api/v1")
Reader = Annotated[Actor, requires(Permission.CONNECTIONS_READ)]
Writer = Annotated[Actor, requires(Permission.CONNECTIONS_WRITE)]
Runner = Annotated[Actor, requires(Permission.SYNCS_RUN)]
Minutes = Annotated[int, Field(ge=0, le=44_640)]
Percent = Annotated[int, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
SettingValue = Annotated[str, Field(max_length=8192)] | int | bool
Settings = Annotated[dict[Annotated[str, Field(max_length=100)], SettingValue], Field(max_length=50)]

EXAMPLE = ConnectionOut(
    id=example_id("connection"),
    connector="scim",
    name="Company directory",
    status="active",
    health="fresh",
    app_id=example_id("app"),
    feeds_people=True,
    every_minutes=60,
    removal_percent=5,
    removal_count=5,
    settings={"base_url": "https://directory.example.com/scim/v2"},
    secrets=("token",),
    last_complete_at=EXAMPLE_AT,
    next_run_at=EXAMPLE_AT + timedelta(hours=1),
    created_at=EXAMPLE_AT,
)
SYNC_EXAMPLE = SyncOut(
    id=example_id("sync"),
    connection_id=EXAMPLE.id,
    trigger="manual",
    state="done",
    verdict="sound",
    counts={"account": Counts(read=420, added=3, changed=7, unchanged=410)},
    problems=0,
    error="",
    reasons=(),
    created_at=EXAMPLE_AT,
    started_at=EXAMPLE_AT,
    finished_at=EXAMPLE_AT,
)


class ConnectionIn(Input):
    """A new connection. ``settings`` are the connector's fields, secrets among them."""

    connector: Name
    name: Name
    app_id: UUID | None = None
    every_minutes: Minutes = 0
    removal_percent: Percent = 5
    removal_count: Count = 5
    settings: Settings


class ConnectionPatch(Input):
    """What to change; what is left out stays. A secret that is left out stays too, unless the address changes."""

    name: Name = ABSENT
    app_id: UUID | None = None
    every_minutes: Minutes = ABSENT
    removal_percent: Percent = ABSENT
    removal_count: Count = ABSENT
    settings: Settings = ABSENT


class SyncIn(Input):
    """A sync to start; there is nothing to say."""


@router.get(
    "/connections", tags=["connections"], summary="List connections", **documented(ConnectionOut, EXAMPLE, many=True)
)
def list_connections(
    request: Request, actor: Reader, db: Transaction, limit: LimitParam = 100, cursor: CursorParam = None
) -> Response:
    return answer_page(request, queries.list_connections(db, order("id", limit, cursor)))


@router.get(
    "/connections/{connection_id}", tags=["connections"], summary="One connection", **documented(ConnectionOut, EXAMPLE)
)
def get_connection(connection_id: UUID, actor: Reader, db: Transaction) -> Response:
    return answer(queries.get_connection(db, connection_id))


@router.post(
    "/connections", tags=["connections"], summary="Add a connection", **documented(ConnectionOut, EXAMPLE, status=201)
)
def create_connection(request: Request, actor: Writer, db: Transaction, body: ConnectionIn) -> Response:
    def make() -> Response:
        facts: Any = body.model_dump(exclude={"connector"})
        connector = connector_of(body.connector)
        require_callable(request, connector, body.settings)
        connection = actions.create_connection(db, actor, connector, facts)
        made = queries.get_connection(db, connection.id)
        return answer(made, status=201, headers={"Location": f"/api/v1/connections/{made.id}"})

    return once(request, db, actor, body, make)


@router.patch(
    "/connections/{connection_id}",
    tags=["connections"],
    summary="Change a connection",
    **documented(ConnectionOut, EXAMPLE),
)
def change_connection(
    request: Request, connection_id: UUID, actor: Writer, db: Transaction, body: ConnectionPatch
) -> Response:
    connection = queries.get_to_change(db, connection_id)
    connector = connector_of(connection.connector)
    facts: Any = changes(body)
    require_callable(request, connector, facts.get("settings", {}))
    actions.change_connection(db, actor, connector, connection, facts)
    return answer(queries.get_connection(db, connection_id))


@router.post(
    "/connections/{connection_id}/syncs",
    tags=["syncs"],
    summary="Start a sync",
    **documented(SyncOut, SYNC_EXAMPLE, status=202),
)
def start_sync(
    request: Request, connection_id: UUID, actor: Runner, db: Transaction, body: SyncIn | None = None
) -> Response:
    def make() -> Response:
        sync = runs.request_sync(db, actor, queries.get_to_change(db, connection_id))
        location = {"Location": f"/api/v1/syncs/{sync.id}"}
        return answer(queries.get_sync(db, sync.id), status=202, headers=location)

    return once(request, db, actor, body or SyncIn(), make)


@router.get(
    "/syncs", tags=["syncs"], summary="List syncs, newest first", **documented(SyncOut, SYNC_EXAMPLE, many=True)
)
def list_syncs(
    request: Request,
    actor: Reader,
    db: Transaction,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    connection_id: UUID | None = None,
    state: Annotated[list[SyncState] | None, Query(max_length=10)] = None,
) -> Response:
    asked = order(queries.NEWEST_FIRST, limit, cursor)
    return answer_page(request, queries.list_syncs(db, asked, connection_id=connection_id, states=state or ()))


@router.get("/syncs/{sync_id}", tags=["syncs"], summary="One sync", **documented(SyncOut, SYNC_EXAMPLE))
def get_sync(sync_id: UUID, actor: Reader, db: Transaction) -> Response:
    return answer(queries.get_sync(db, sync_id))

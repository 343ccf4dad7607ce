"""One connection: its health in a sentence, its runs, what waits for a decision, its settings, its end."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.apps.queries import AppFilter, list_apps
from app.connections import actions, form, queries, runs
from app.connections.form import FieldShown, Sent
from app.connections.models import Removal, open_sync
from app.connections.pages_list import app_choices
from app.connections.problems import each_problem
from app.connections.queries import ConnectionOut, SyncOut
from app.connections.vanishing import names_of
from app.connections.wording import EVERY, HEALTH, KINDS, REMOVALS, STATES, TRIGGERS
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import Conflict, FieldError, Invalid, NotFound
from app.core.listing import Order
from app.core.permissions import Permission
from app.organisation.queries import get_organisation
from app.web import flash
from app.web.guards import requires
from app.web.list_view import ListView
from app.web.render import render
from app.web.router import Router
from connectors.registry import CONNECTORS
from connectors.sdk.connector import Connector
from connectors.sdk.records import Problem

router = Router(prefix="/integrations/{connection_id}")
Reader = Annotated[Actor, requires(Permission.CONNECTIONS_READ)]
Writer = Annotated[Actor, requires(Permission.CONNECTIONS_WRITE)]
Runner = Annotated[Actor, requires(Permission.SYNCS_RUN)]
SIZE = 20
_MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class SyncLine:
    """One run in words."""

    sync: SyncOut
    state: str
    tone: str
    trigger: str


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """A connection and its runs. ``live`` is the run under way, ``waiting`` one that asks for approval.

    ``asks_lifecycle`` where people have been read and no source decides yet who has left.
    """

    connection: ConnectionOut
    connector: Connector
    health: str
    tone: str
    app_name: str
    is_lifecycle: bool
    asks_lifecycle: bool
    live: SyncLine | None
    test: SyncLine | None
    waiting: SyncLine | None
    removals: tuple[tuple[Removal, str], ...]
    list: ListView
    lines: tuple[SyncLine, ...]
    may_write: bool
    may_run: bool


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """The settings of a connection."""

    connection: ConnectionOut
    connector: Connector
    fields: tuple[FieldShown, ...]
    typed: dict[str, str]
    apps: tuple[tuple[str, str], ...]
    every: tuple[tuple[str, str], ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovePage:
    """The end of a connection, to be confirmed by its name."""

    connection: ConnectionOut
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncPage:
    """One run, whole."""

    connection: ConnectionOut
    line: SyncLine
    counts: tuple[tuple[str, Any], ...]
    problems: tuple[Problem, ...]
    more_problems: int
    removals: tuple[tuple[str, Removal, list[tuple[str, str]]], ...] = ()


@router.get("", include_in_schema=False)
def connection(
    request: Request,
    connection_id: UUID,
    actor: Reader,
    db: Transaction,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> HTMLResponse:
    return render(
        request, "connections/connection.html", _page(request, db, actor, connection_id, cursor), block="history"
    )


@router.get("/progress", include_in_schema=False)
def progress(request: Request, connection_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    return render(
        request, "connections/connection.html", _page(request, db, actor, connection_id, None), block="progress"
    )


@router.post("/syncs", include_in_schema=False)
def start(request: Request, connection_id: UUID, actor: Runner, db: Transaction) -> Response:
    runs.request_sync(db, actor, queries.get_to_change(db, connection_id))
    return _back(connection_id, "Sync started.")


@router.post("/tests", include_in_schema=False)
def test(connection_id: UUID, actor: Writer, db: Transaction) -> Response:
    runs.request_test(db, actor, queries.get_to_change(db, connection_id))
    return _back(connection_id, "Test started.")


@router.post("/syncs/{sync_id}/stop", include_in_schema=False)
def stop(connection_id: UUID, sync_id: UUID, actor: Runner, db: Transaction) -> Response:
    found = queries.get_to_change(db, connection_id)
    runs.stop_sync(db, actor, found, queries.get_sync_to_change(db, connection_id, sync_id))
    return _back(connection_id, "The sync stops after this page.")


@router.post("/syncs/{sync_id}/approval", include_in_schema=False)
def approve(connection_id: UUID, sync_id: UUID, actor: Writer, db: Transaction) -> Response:
    found = queries.get_to_change(db, connection_id)
    runs.approve_sync(db, actor, found, queries.get_sync_to_change(db, connection_id, sync_id))
    return _back(connection_id, "Approved. The removals are being applied.")


@router.post("/syncs/{sync_id}/discard", include_in_schema=False)
def discard(connection_id: UUID, sync_id: UUID, actor: Writer, db: Transaction) -> Response:
    found = queries.get_to_change(db, connection_id)
    runs.discard_sync(db, actor, found, queries.get_sync_to_change(db, connection_id, sync_id))
    return _back(connection_id, "Discarded. Nothing was removed.")


@router.post("/paused", include_in_schema=False)
def pause(connection_id: UUID, actor: Writer, db: Transaction) -> Response:
    found = queries.get_to_change(db, connection_id)
    actions.set_paused(db, actor, found, paused=found.status != "paused")
    return _back(connection_id, "Paused." if found.status == "paused" else "Running again.")


@router.post("/lifecycle", include_in_schema=False)
def choose_lifecycle(connection_id: UUID, actor: Writer, db: Transaction) -> Response:
    found = queries.get_to_change(db, connection_id)
    actions.choose_lifecycle_source(db, actor, found)
    return _back(connection_id, f"{found.name} now decides who has left.")


@router.get("/settings", include_in_schema=False)
def settings(request: Request, connection_id: UUID, actor: Writer, db: Transaction) -> HTMLResponse:
    shown = queries.get_connection(db, connection_id)
    return _settings(request, db, actor, shown, _typed(shown))


@router.post("/settings", include_in_schema=False)
def change(sent: Sent, request: Request, connection_id: UUID, actor: Writer, db: Transaction) -> Response:
    shown = queries.get_connection(db, connection_id)
    connector = CONNECTORS[shown.connector]
    try:
        facts: Any = form.facts_of(sent, connector)
        form.require_callable(request, connector, facts["settings"])
        with db.savepoint():
            actions.change_connection(db, actor, connector, queries.get_to_change(db, connection_id), facts)
    except Invalid as error:
        db.session.expire_all()
        return _settings(request, db, actor, shown, sent, error.fields)
    except Conflict as error:
        db.session.expire_all()
        return _settings(request, db, actor, shown, sent, (FieldError("name", error.message),))
    return _back(connection_id, "Settings saved.")


@router.get("/remove", include_in_schema=False)
def removal(request: Request, connection_id: UUID, actor: Writer, db: Transaction) -> HTMLResponse:
    return render(request, "connections/remove.html", RemovePage(queries.get_connection(db, connection_id)))


@router.post("/remove", include_in_schema=False)
def remove(
    sent: Sent,
    request: Request,
    connection_id: UUID,
    actor: Annotated[Actor, requires(Permission.CONNECTIONS_WRITE, fresh=True)],
    db: Transaction,
) -> Response:
    found = queries.get_to_change(db, connection_id)
    if sent.get("name", "").strip() != found.name:
        errors = (FieldError("name", f"Type {found.name}, the connection's name."),)
        page = RemovePage(queries.get_connection(db, connection_id), errors)
        return render(request, "connections/remove.html", page, status=422)
    actions.remove_connection(db, actor, found)
    response = RedirectResponse("/integrations", 303)
    flash.say(response, f"{found.name} was removed.")
    return response


@router.get("/syncs/{sync_id}", include_in_schema=False)
def sync(request: Request, connection_id: UUID, sync_id: UUID, actor: Reader, db: Transaction) -> HTMLResponse:
    shown = queries.get_connection(db, connection_id)
    found = queries.get_sync(db, sync_id)
    if found.connection_id != connection_id:
        raise NotFound("There is no such sync.")
    problems = tuple(problem for problem, _ in zip(each_problem(db, sync_id), range(_MOST_PROBLEMS), strict=False))
    counts = tuple((KINDS[kind], counted) for kind, counted in found.counts.items() if kind in KINDS)
    waits = found.state == "waiting_approval"
    removals = open_sync(db, queries.get_sync_to_change(db, connection_id, sync_id)).removals if waits else ()
    named = tuple((REMOVALS[removal.kind], removal, names_of(db, removal)) for removal in removals)
    page = SyncPage(shown, _line(found), counts, problems, max(0, found.problems - len(problems)), named)
    return render(request, "connections/sync.html", page)


def _page(request: Request, db: Db, actor: Actor, connection_id: UUID, cursor: str | None) -> ConnectionPage:
    shown = queries.get_connection(db, connection_id)
    found = queries.list_syncs(db, Order(queries.NEWEST_FIRST, cursor, SIZE), connection_id=connection_id)
    last, tested = queries.latest(db, connection_id), queries.latest(db, connection_id, tests=True)
    waiting = last if last and last.state == "waiting_approval" else None
    removals = open_sync(db, queries.get_sync_to_change(db, connection_id, waiting.id)).removals if waiting else ()
    words, tone = HEALTH[shown.health]
    lifecycle = get_organisation(db).lifecycle_source_id
    return ConnectionPage(
        connection=shown,
        connector=CONNECTORS[shown.connector],
        health=words,
        tone=tone,
        app_name=next((app.name for app in list_apps(db, actor, AppFilter(ids=(shown.app_id,)), Order("name")).rows), "")
        if shown.app_id
        else "",
        is_lifecycle=lifecycle == connection_id,
        asks_lifecycle=lifecycle is None and shown.last_complete_at is not None,
        live=_line(last) if last and last.is_live else None,
        test=_line(tested) if tested and (last is None or tested.created_at > last.created_at) else None,
        waiting=_line(waiting) if waiting else None,
        removals=tuple((each, REMOVALS[each.kind]) for each in removals),
        list=ListView(
            path=f"/integrations/{connection_id}", params=tuple(request.query_params.multi_items()), noun="syncs",
            sort=queries.NEWEST_FIRST, page=found, size=SIZE, id="history",
        ),
        lines=tuple(_line(each) for each in found.rows),
        may_write=actor.may(Permission.CONNECTIONS_WRITE),
        may_run=actor.may(Permission.SYNCS_RUN),
    )  # fmt: skip


def _line(found: SyncOut) -> SyncLine:
    words, tone = STATES[found.state]
    return SyncLine(found, words, tone, TRIGGERS.get(found.trigger, found.trigger))


def _typed(shown: ConnectionOut) -> dict[str, str]:
    names = ("name", "app_id", "every_minutes", "removal_percent", "removal_count")
    return form.typed_saved(shown.settings, {name: getattr(shown, name) for name in names})


def _settings(
    request: Request,
    db: Db,
    actor: Actor,
    shown: ConnectionOut,
    typed: dict[str, str],
    errors: tuple[FieldError, ...] = (),
) -> HTMLResponse:
    connector = CONNECTORS[shown.connector]
    fields = form.shown_fields(connector, typed, shown.secrets)
    full = {**_typed(shown), **typed} if errors else typed
    page = SettingsPage(shown, connector, fields, full, app_choices(db, actor), EVERY, errors)
    return render(request, "connections/settings.html", page, status=422 if errors else 200)


def _back(connection_id: UUID, said: str) -> Response:
    response = RedirectResponse(f"/integrations/{connection_id}", 303)
    flash.say(response, said)
    return response

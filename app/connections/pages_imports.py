"""Importing a spreadsheet: choose it, say what its columns hold, see what it would do, apply it, undo it."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.apps.queries import get_app
from app.apps.records import AppOut
from app.connections.form import Sent
from app.connections.imports import large, spool
from app.connections.imports.applying import apply_import
from app.connections.imports.form import SentFile
from app.connections.imports.preparing import prepare, remember_mapping
from app.connections.imports.queries import ImportLine, get_import, list_imports
from app.connections.imports.undoing import undo_import
from app.connections.imports.uploading import BY_KEY, discard, record, upload
from app.connections.pages_list import app_choices
from app.connections.wording import IMPORT_STATES, KINDS, REMOVALS
from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Database, Db, Transaction, database_of
from app.core.errors import Conflict, FieldError, Invalid, NotFound
from app.core.permissions import Permission
from app.web import flash
from app.web.attachments import attachment
from app.web.downloads import Download
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router
from connectors.csv_file.targets import ACCOUNTS, Fact, FileTarget

router = Router(prefix="/integrations/import")
Writer = Annotated[Actor, requires(Permission.CONNECTIONS_WRITE)]
COLUMN = "column."


@dataclass(frozen=True, slots=True)
class UploadPage:
    """The form of a new import, and the latest ones: (line, state in words, tone)."""

    targets: tuple[tuple[str, str], ...]
    apps: tuple[tuple[str, str], ...]
    typed: dict[str, str]
    recent: tuple[tuple[ImportLine, str, str], ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPage:
    """One import, at whatever step it is. ``counts`` and ``removals`` are (words, figures)."""

    line: ImportLine
    target: FileTarget
    state: str
    tone: str
    facts: tuple[Fact, ...]
    columns: tuple[tuple[str, str], ...]
    typed: dict[str, str]
    may_be_complete: bool
    counts: tuple[tuple[str, object], ...]
    removals: tuple[tuple[str, object], ...]
    errors: tuple[FieldError, ...] = ()

    @property
    def path(self) -> str:
        """Where this import is."""
        return f"/integrations/import/{self.line.row.id}"

    @property
    def is_busy(self) -> bool:
        """Whether a worker is at it."""
        return self.line.row.state in {"reading", "applying"}


@router.get("", include_in_schema=False)
def new_import(request: Request, actor: Writer, db: Transaction) -> HTMLResponse:
    typed = {name: request.query_params.get(name, "") for name in ("target", "app_id")}
    return _new(request, db, actor, typed)


@router.post("", include_in_schema=False)
def create_import(request: Request, actor: Writer, db: Transaction, sent: SentFile) -> Response:
    try:
        target, app = _meant(db, actor, sent.texts)
        if sent.file is None:
            raise Invalid.field("file", "Choose a file.")
        with db.savepoint():
            made = upload(db, actor, target, app, sent.file.filename or "", sent.file.file)
    except (Invalid, Conflict) as refused:
        return _new(request, db, actor, sent.texts, refused.fields)
    return RedirectResponse(f"/integrations/import/{made.id}", 303)


@router.get("/{import_id}", include_in_schema=False)
def show_import(request: Request, import_id: UUID, actor: Writer, db: Transaction) -> HTMLResponse:
    return _show(request, get_import(db, import_id))


@router.post("/{import_id}/mapping", include_in_schema=False)
def map_columns(sent: Sent, request: Request, import_id: UUID, actor: Writer, db: Transaction) -> Response:
    line = get_import(db, import_id, lock=True)
    if line.row.state not in {"uploaded", "ready"}:
        raise Conflict("This file is being read, or is applied already.")
    mapping = {name.removeprefix(COLUMN): column for name, column in sent.items() if name.startswith(COLUMN) and column}
    try:
        with db.savepoint():
            remember_mapping(db, actor, line.row, mapping, is_complete=sent.get("is_complete") == "true")
            if large.is_large(line.row):
                large.start_reading(db, line.row)
            else:
                prepare(db, actor, line.row)
    except (Invalid, Conflict) as refused:
        db.session.expire_all()
        fields = refused.fields or (FieldError("", refused.message),)
        return _show(request, get_import(db, import_id), sent, fields)
    return _to(import_id)


@router.post("/{import_id}/application", include_in_schema=False)
def apply(sent: Sent, request: Request, import_id: UUID, actor: Writer, db: Transaction) -> Response:
    line = get_import(db, import_id, lock=True)
    accepted = sent.get("accept_removals") == "true"
    try:
        with db.savepoint():
            if large.is_large(line.row) and line.row.state == "ready" and (accepted or not line.facts.removals):
                large.start_applying(db, actor, line.row)
                said = "It is being applied."
            else:
                apply_import(db, actor, line.row, accept_removals=accepted)
                said = "Applied."
    except (Invalid, Conflict) as refused:
        db.session.expire_all()
        fields = refused.fields or (FieldError("", refused.message),)
        return _show(request, get_import(db, import_id), sent, fields)
    return _to(import_id, said)


@router.post("/{import_id}/undo", include_in_schema=False)
def undo(request: Request, import_id: UUID, actor: Writer, db: Transaction) -> Response:
    line = get_import(db, import_id, lock=True)
    try:
        with db.savepoint():
            undo_import(db, actor, line.row)
    except Conflict as refused:
        db.session.expire_all()
        return _show(request, get_import(db, import_id), {}, (FieldError("", refused.message),))
    return _to(import_id, "Undone: everything is as it was.")


@router.post("/{import_id}/discard", include_in_schema=False)
def throw_away(import_id: UUID, actor: Writer, db: Transaction) -> Response:
    line = get_import(db, import_id, lock=True)
    if line.row.state not in {"uploaded", "ready"}:
        raise Conflict("This file is being read, or is applied already.")
    discard(db, actor, line.row)
    response = RedirectResponse("/integrations/import", 303)
    flash.say(response, "Discarded. Nothing was changed.")
    return response


@router.get("/{import_id}/failed-rows.csv", include_in_schema=False)
def failed_rows(request: Request, import_id: UUID, actor: Writer, db: Transaction) -> Response:
    line = get_import(db, import_id)
    if not line.row.failed_rows:
        raise NotFound("Every row of this file could be read.")
    record(db, actor, Event.FAILED_ROWS_EXPORTED, line.row, rows=line.row.failed_rows)  # committed before a byte leaves
    database = database_of(request)
    return Download(database, _pieces(database, import_id), attachment("failed-rows.csv"))


def _pieces(database: Database, import_id: UUID) -> Generator[bytes, None, None]:
    with database.transaction(read_only=True) as db:
        yield from spool.pieces(db, import_id, spool.FAILED)


def _meant(db: Db, actor: Actor, texts: dict[str, str]) -> tuple[FileTarget, AppOut | None]:
    """What the file is to be imported as, and for accounts of which app."""
    target = BY_KEY.get(texts.get("target", ""))
    if target is None:
        raise Invalid.field("target", "Choose what the file holds.")
    if target is not ACCOUNTS:
        return target, None
    try:
        return target, get_app(db, actor, UUID(texts.get("app_id", "")))
    except (ValueError, NotFound):
        raise Invalid.field("app_id", "Choose the app whose accounts these are.") from None


def _new(
    request: Request, db: Db, actor: Actor, typed: dict[str, str], errors: tuple[FieldError, ...] = ()
) -> HTMLResponse:
    page = UploadPage(
        targets=tuple((target.key, target.name) for target in BY_KEY.values()),
        apps=app_choices(db, actor),
        typed={"target": typed.get("target", ""), "app_id": typed.get("app_id", "")},
        recent=tuple((line, *IMPORT_STATES[line.row.state]) for line in list_imports(db)),
        errors=errors,
    )
    return render(request, "connections/new_import.html", page, status=422 if errors else 200)


def _show(
    request: Request, line: ImportLine, typed: dict[str, str] | None = None, errors: tuple[FieldError, ...] = ()
) -> HTMLResponse:
    target, facts = BY_KEY[line.row.target], line.facts
    words, tone = IMPORT_STATES[line.row.state]
    mapped = {COLUMN + field: column for field, column in facts.mapping.items()}
    mapped["is_complete"] = "true" if line.row.is_complete else ""
    page = ImportPage(
        line=line,
        target=target,
        state=words,
        tone=tone,
        facts=target.facts,
        columns=tuple((column, _shown(column, facts.samples, facts.columns.index(column))) for column in facts.columns),
        typed=typed if typed is not None and errors else mapped,
        may_be_complete=target is ACCOUNTS,
        counts=tuple((KINDS[kind], counts) for kind, counts in facts.counts.items() if counts.read or counts.vanished),
        removals=tuple((REMOVALS[removal.kind], removal) for removal in facts.removals),
        errors=errors,
    )
    return render(request, "connections/import.html", page, status=422 if errors else 200, block="progress")


def _shown(column: str, samples: tuple[tuple[str, ...], ...], place: int) -> str:
    """A column with the first value in it, as a choice reads."""
    value = next((row[place] for row in samples if place < len(row) and row[place]), "")
    return f"{column} (such as {value[:30]})" if value else column


def _to(import_id: UUID, said: str = "") -> Response:
    response = RedirectResponse(f"/integrations/import/{import_id}", 303)
    if said:
        flash.say(response, said)
    return response

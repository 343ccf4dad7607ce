"""The lists of accounts: the whole organisation's, and the tab of one app; and both as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response

from app.access.exporting import export
from app.access.listing import AccountRow, list_of, question_of
from app.access.queries import LATEST_LOGIN, VIEWS, VIEWS_OF_APP
from app.apps.header import AppHeader, app_header
from app.apps.queries import get_app
from app.core.actor import Actor
from app.core.database import Transaction
from app.core.permissions import Permission
from app.web.guards import requires
from app.web.list_view import ListView
from app.web.render import render
from app.web.router import Router

router = Router()
Reader = Annotated[Actor, requires(Permission.ACCESS_READ)]
SortParam = Annotated[str, Query(max_length=20)]
CursorParam = Annotated[str | None, Query(max_length=600)]
PATH = "/access/accounts"


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """The accounts of the whole organisation."""

    list: ListView
    rows: Sequence[AccountRow]


@dataclass(frozen=True, slots=True)
class AppUsersPage:
    """The accounts in one app."""

    header: AppHeader
    list: ListView
    rows: Sequence[AccountRow]


@router.get(PATH, include_in_schema=False)
def accounts(
    request: Request, actor: Reader, db: Transaction, sort: SortParam = LATEST_LOGIN, cursor: CursorParam = None
) -> HTMLResponse:
    shown, rows = list_of(request, db, actor, question_of(request, PATH, VIEWS), sort=sort, cursor=cursor)
    return render(request, "access/accounts.html", AccountsPage(shown, rows), block="listing")


@router.get(f"{PATH}.csv", include_in_schema=False)
def accounts_file(request: Request, actor: Reader, db: Transaction, sort: SortParam = LATEST_LOGIN) -> Response:
    question = question_of(request, PATH, VIEWS)
    return export(request, db, actor, question.filter(request, db, actor), sort=sort, described=question.words)


@router.get("/apps/{app_id}/users", include_in_schema=False)
def app_users(
    request: Request,
    app_id: UUID,
    actor: Reader,
    db: Transaction,
    sort: SortParam = LATEST_LOGIN,
    cursor: CursorParam = None,
) -> HTMLResponse:
    header = app_header(request, db, actor, app_id, "users")
    question = question_of(request, f"/apps/{app_id}/users", VIEWS_OF_APP, app_id)
    shown, rows = list_of(request, db, actor, question, sort=sort, cursor=cursor)
    return render(request, "access/app_users.html", AppUsersPage(header, shown, rows), block="listing")


@router.get("/apps/{app_id}/users.csv", include_in_schema=False)
def app_users_file(
    request: Request, app_id: UUID, actor: Reader, db: Transaction, sort: SortParam = LATEST_LOGIN
) -> Response:
    app = get_app(db, actor, app_id)
    question = question_of(request, f"/apps/{app_id}/users", VIEWS_OF_APP, app_id)
    words = f"app {app.label}; {question.words}"
    return export(request, db, actor, question.filter(request, db, actor), sort=sort, described=words)

"""Apps over JSON."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from app.apps import actions, queries
from app.apps.inputs import AppIn, AppPatch, meant
from app.apps.models import AppStatus
from app.apps.queries import AppFilter
from app.apps.records import AppOut
from app.core.actor import Actor
from app.core.database import Transaction
from app.core.permissions import Permission
from app.people.roster import roster_of
from app.web.answers import EXAMPLE_AT, CursorParam, LimitParam, answer, answer_page, documented, example_id, order
from app.web.guards import requires
from app.web.idempotent import once
from app.web.router import Router

router = Router(prefix="/api/v1/apps", tags=["apps"])
Reader = Annotated[Actor, requires(Permission.APPS_READ)]
Writer = Annotated[Actor, requires(Permission.APPS_WRITE)]
Texts = Annotated[list[str] | None, Query(max_length=50)]

EXAMPLE = AppOut(
    id=example_id("app"), name="Figma", instance_name="Design", status="managed", vendor="Figma, Inc.", category="Design",
    url="https://www.figma.com", owner_id=example_id("person"), owner="Ada Byron", owner_email="", cost_centre="4100 Design",
    notes="", source="manual", created_at=EXAMPLE_AT, changed_at=EXAMPLE_AT,
)  # fmt: skip


@router.get("", summary="List apps", **documented(AppOut, EXAMPLE, many=True))
def list_apps(
    request: Request,
    actor: Reader,
    db: Transaction,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    sort: Annotated[str, Query(max_length=20, description="name, status or changed; - in front: descending")] = "name",
    q: Annotated[str, Query(max_length=200, description="Part of a name, instance or vendor.")] = "",
    status: Annotated[list[AppStatus] | None, Query()] = None,
    category: Texts = None,
    source: Texts = None,
    owner_id: UUID | None = None,
    has_owner: bool | None = None,
) -> Response:
    wanted = AppFilter(
        q=q, statuses=tuple(status or ()), categories=tuple(category or ()), sources=tuple(source or ()),
        owner_id=owner_id, has_owner=has_owner,
    )  # fmt: skip
    return answer_page(request, queries.list_apps(db, actor, wanted, order(sort, limit, cursor)))


@router.get("/{app_id}", summary="One app", **documented(AppOut, EXAMPLE))
def get_app(app_id: UUID, actor: Reader, db: Transaction) -> Response:
    return answer(queries.get_app(db, actor, app_id))


@router.post("", summary="Add an app", **documented(AppOut, EXAMPLE, status=201))
def create_app(request: Request, actor: Writer, db: Transaction, body: AppIn) -> Response:
    def make() -> Response:
        app = actions.create_app(db, actor, meant(db, actor, roster_of(request), body), source="api")
        return answer(queries.reread(db, app.id), status=201, headers={"Location": f"/api/v1/apps/{app.id}"})

    return once(request, db, actor, body, make)


@router.patch("/{app_id}", summary="Change an app", **documented(AppOut, EXAMPLE))
def change_app(request: Request, app_id: UUID, actor: Writer, db: Transaction, body: AppPatch) -> Response:
    app = queries.get_to_change(db, actor, app_id)
    actions.change_app(db, actor, app, meant(db, actor, roster_of(request), body))
    return answer(queries.reread(db, app_id))

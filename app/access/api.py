"""Accounts over JSON: lists with filters, one with what it holds, what a hand says of it."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Query, Request, Response

from app.access import actions, queries
from app.access.filtering import AccountFilter
from app.access.grants import GrantOut, list_grants
from app.access.inputs import AccountPatch, meant
from app.access.models import AccountKind, AccountStatus
from app.access.records import AccountOut
from app.apps.queries import get_app
from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.incoming.inputs import Moment
from app.core.permissions import Permission
from app.people.queries import get_person
from app.people.roster import roster_of
from app.web.answers import EXAMPLE_AT, CursorParam, LimitParam, answer, answer_page, documented, example_id, order
from app.web.guards import requires
from app.web.router import Router

router = Router(prefix="/api/v1", tags=["accounts"])
Reader = Annotated[Actor, requires(Permission.ACCESS_READ)]
Writer = Annotated[Actor, requires(Permission.ACCESS_WRITE)]
SortParam = Annotated[
    str, Query(max_length=20, description="last_login, status, seen_from or app; - in front: descending")
]


class AccountWithGrants(AccountOut, frozen=True):
    """An account with what it holds and has held."""

    grants: tuple[GrantOut, ...] = ()


EXAMPLE = AccountOut(
    id=example_id("account"),
    app_id=example_id("app"),
    app="Figma",
    connection_id=example_id("connection"),
    username="ada",
    email="ada@example.com",
    display_name="Ada Byron",
    person_id=example_id("person"),
    person="Ada Byron",
    person_status="active",
    linked_by="email",
    kind="user",
    owner_id=None,
    owner="",
    status="active",
    last_login_at=EXAMPLE_AT,
    created_in_app_at=None,
    seen_from=EXAMPLE_AT,
    seen_until=None,
)
EXAMPLE_WITH_GRANTS = AccountWithGrants(
    **msgspec.structs.asdict(EXAMPLE),
    grants=(GrantOut(example_id("entitlement"), "Editors", "group", False, EXAMPLE_AT, None),),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of every list of accounts."""

    statuses: tuple[str, ...]
    kinds: tuple[str, ...]
    connection_ids: tuple[UUID, ...]
    linked: bool | None
    leaver: bool | None
    unused: bool | None
    gone: bool
    as_of: Moment | None
    q: str


def asked(
    status: Annotated[list[AccountStatus] | None, Query()] = None,
    kind: Annotated[list[AccountKind] | None, Query()] = None,
    connection_id: Annotated[list[UUID] | None, Query(max_length=50)] = None,
    linked: Annotated[bool | None, Query(description="Whether it is known whose it is.")] = None,
    leaver: Annotated[bool | None, Query(description="Whether it is there and its person has left.")] = None,
    unused: Annotated[
        bool | None, Query(description="Last signed in before the threshold; not where no sign-in is known.")
    ] = None,
    gone: Annotated[bool, Query(description="Those that are gone, instead of those that are there.")] = False,
    as_of: Annotated[Moment | None, Query(description="Those that were there then, whether or not now.")] = None,
    q: Annotated[str, Query(max_length=320, description="A whole user name or e-mail address, or a name.")] = "",
) -> Asked:
    """What the address asks for."""
    return Asked(
        tuple(status or ()), tuple(kind or ()), tuple(connection_id or ()), linked, leaver, unused, gone, as_of, q.strip()
    )  # fmt: skip


Question = Annotated[Asked, Depends(asked)]


@router.get("/accounts", summary="List accounts", **documented(AccountOut, EXAMPLE, many=True))
def list_accounts(
    request: Request,
    actor: Reader,
    db: Transaction,
    question: Question,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    sort: SortParam = queries.LATEST_LOGIN,
    app_id: UUID | None = None,
    person_id: UUID | None = None,
) -> Response:
    wanted = _filter(request, db, actor, question, app_id=app_id, person_id=person_id)
    return answer_page(request, queries.list_accounts(db, actor, wanted, order(sort, limit, cursor)))


@router.get("/accounts/{account_id}", summary="One account", **documented(AccountWithGrants, EXAMPLE_WITH_GRANTS))
def get_account(account_id: UUID, actor: Reader, db: Transaction) -> Response:
    return answer(_with_grants(db, queries.get_account(db, actor, account_id)))


@router.patch(
    "/accounts/{account_id}",
    summary="Link an account, or mark it as a service's or shared",
    **documented(AccountWithGrants, EXAMPLE_WITH_GRANTS),
)
def change_account(request: Request, account_id: UUID, actor: Writer, db: Transaction, body: AccountPatch) -> Response:
    account = queries.get_to_change(db, actor, account_id)
    actions.change_account(db, actor, account, meant(db, actor, roster_of(request), body))
    return answer(_with_grants(db, queries.get_account(db, actor, account_id)))


@router.get("/people/{person_id}/accounts", summary="A person's accounts", **documented(AccountOut, EXAMPLE, many=True))
def list_accounts_of_person(
    request: Request,
    person_id: UUID,
    actor: Reader,
    db: Transaction,
    question: Question,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    sort: SortParam = "app",
) -> Response:
    get_person(db, actor, roster_of(request), person_id)
    wanted = _filter(request, db, actor, question, person_id=person_id)
    return answer_page(request, queries.list_accounts(db, actor, wanted, order(sort, limit, cursor)))


@router.get("/apps/{app_id}/accounts", summary="The accounts in an app", **documented(AccountOut, EXAMPLE, many=True))
def list_accounts_of_app(
    request: Request,
    app_id: UUID,
    actor: Reader,
    db: Transaction,
    question: Question,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    sort: SortParam = queries.LATEST_LOGIN,
) -> Response:
    get_app(db, actor, app_id)
    wanted = _filter(request, db, actor, question, app_id=app_id)
    return answer_page(request, queries.list_accounts(db, actor, wanted, order(sort, limit, cursor)))


def _filter(
    request: Request,
    db: Db,
    actor: Actor,
    question: Asked,
    *,
    app_id: UUID | None = None,
    person_id: UUID | None = None,
) -> AccountFilter:
    people = queries.find_people(db, actor, roster_of(request), question.q)
    return AccountFilter(
        app_id=app_id, person_id=person_id, statuses=question.statuses, kinds=question.kinds,
        connection_ids=question.connection_ids, is_linked=question.linked, is_leaver=question.leaver,
        is_unused=question.unused, is_present=None if question.as_of else not question.gone, as_of=question.as_of,
        q=question.q, people=people,
    )  # fmt: skip


def _with_grants(db: Db, account: AccountOut) -> AccountWithGrants:
    held = list_grants(db, (account.id,)).get(account.id, ())
    return AccountWithGrants(**msgspec.structs.asdict(account), grants=tuple(held))

"""What a person can reach, since when, and who says so: a tab of their record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.access.grants import GrantOut, reach
from app.access.listing import AccountRow, rows_of
from app.core.actor import Actor
from app.core.database import Transaction
from app.core.permissions import Permission
from app.people.header import PersonHeader, person_header
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router
from app.web.sources import sources_of

router = Router()


@dataclass(frozen=True, slots=True)
class ReachedRow:
    """One account with what it holds now."""

    row: AccountRow
    grants: Sequence[GrantOut]


@dataclass(frozen=True, slots=True)
class PersonAccountsPage:
    """What a person can reach; what they answer for; what they no longer have."""

    header: PersonHeader
    reached: Sequence[ReachedRow]
    apps: int
    responsible: Sequence[AccountRow]
    gone: Sequence[AccountRow]


@router.get("/people/{person_id}/accounts", include_in_schema=False)
def person_accounts(
    request: Request, person_id: UUID, actor: Annotated[Actor, requires(Permission.ACCESS_READ)], db: Transaction
) -> HTMLResponse:
    header = person_header(request, db, actor, person_id, "accounts")
    sources = sources_of(request, db)
    found = reach(db, actor, person_id)
    held = [each for app in found.apps for each in app.accounts]
    rows = rows_of([each.account for each in held], sources)
    page = PersonAccountsPage(
        header=header,
        reached=[ReachedRow(row, each.grants) for row, each in zip(rows, held, strict=True)],
        apps=len(found.apps),
        responsible=rows_of(found.responsible, sources),
        gone=rows_of(found.gone, sources),
    )
    return render(request, "access/person_accounts.html", page)

"""What this room puts on the pages of others: tabs, cards with the queries behind them, hits in the palette.

Main wires it; every query is cut to what the actor may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request

from app.access.filtering import LEAVERS, PRESENT, unused_before
from app.access.grants import ReachedApp, reach
from app.access.models import Account
from app.access.numbers import count_by_app
from app.access.queries import search_accounts
from app.access.visibility import visible
from app.apps.numbers import AppNumbers
from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Permission
from app.people.models import Person, PersonFacts
from app.web.palette import Hit, Provider
from app.web.panels import Card, Tab

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Leaver:
    """Someone who has left and still holds accounts. ``left_at`` is when we learnt of it, ``last_day`` what a source says."""

    person_id: UUID
    name: str
    accounts: int
    left_at: datetime | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class LeaversCard:
    """Leavers who still hold accounts: how many, in how many accounts, and those with the most."""

    people: int
    accounts: int
    leavers: Sequence[Leaver]


@dataclass(frozen=True, slots=True)
class UsersCard:
    """The accounts of one app in numbers; None where no source has told of any. ``since``: who signed in is active.

    ``connections`` are those that tell of them.
    """

    app_id: UUID
    numbers: AppNumbers | None
    since: datetime
    connections: Sequence[UUID]
    may_open: bool


@dataclass(frozen=True, slots=True)
class ReachCard:
    """The first apps that a person can reach; ``apps`` counts them all."""

    person_id: UUID
    shown: Sequence[ReachedApp]
    apps: int


def leavers_with_access(db: Db, actor: Actor, _subject: UUID | None = None) -> LeaversCard | None:
    """People who have left and still hold accounts, as far as the actor may see; None before there are accounts."""
    each = (
        sa.select(Account.person_id, sa.func.count().label("accounts"), sa.func.min(Account.seen_from).label("since"))
        .join(Person, Person.id == Account.person_id)
        .where(LEAVERS, visible(actor))
        .group_by(Account.person_id)
        .subquery()
    )
    rows = db.rows(
        sa.select(
            each.c.person_id, each.c.accounts, Person.left_at, Person.leaving_date, Person.sealed,
            sa.func.count().over().label("people"), sa.func.sum(each.c.accounts).over().label("all_accounts"),
        )
        .join(Person, Person.id == each.c.person_id)
        .order_by(each.c.accounts.desc(), Person.left_at, each.c.person_id)
        .limit(_SHOWN)
    )  # fmt: skip
    if not rows:
        has_any = db.value(sa.select(sa.exists().where(Account.seen_until.is_(None), visible(actor))))
        return LeaversCard(0, 0, ()) if has_any else None
    leavers = [
        Leaver(
            row.person_id, db.open(PersonFacts, Person, row.person_id, row.sealed).display_name, row.accounts,
            row.left_at, row.leaving_date,
        )
        for row in rows
    ]  # fmt: skip
    return LeaversCard(rows[0].people, int(rows[0].all_accounts), leavers)


def users_of_app(db: Db, actor: Actor, app_id: UUID) -> UsersCard:
    """The accounts of one app in numbers, as far as the actor may see."""
    feeding = db.rows(
        sa.select(Account.connection_id).where(Account.app_id == app_id, PRESENT, visible(actor)).distinct()
    )
    numbers = count_by_app(db, actor, (app_id,)).get(app_id)
    return UsersCard(
        app_id,
        numbers,
        unused_before(db),
        [row.connection_id for row in feeding],
        actor.may(Permission.CONNECTIONS_READ),
    )


def reach_of_person(db: Db, actor: Actor, person_id: UUID) -> ReachCard:
    """What a person can reach, as far as the actor may see."""
    apps = reach(db, actor, person_id).apps
    return ReachCard(person_id, apps[:_SHOWN], len(apps))


def search(_request: Request, db: Db, actor: Actor, q: str, limit: int) -> Sequence[Hit]:
    """The accounts with exactly this user name or e-mail address."""
    found = search_accounts(db, actor, q, limit)
    return [Hit(each.label, f"/access/accounts/{each.id}", sub=each.app, mark="app") for each in found]


TABS = (
    Tab("app", "users", "Users", "/apps/{id}/users", Permission.ACCESS_READ, order=10),
    Tab("person", "accounts", "Accounts", "/people/{id}/accounts", Permission.ACCESS_READ, order=10),
)
CARDS = (
    Card("overview", "access/_leavers_card.html", leavers_with_access, Permission.ACCESS_READ, order=0),
    Card("app", "access/_users_card.html", users_of_app, Permission.ACCESS_READ, order=0),
    Card("person", "access/_reach_card.html", reach_of_person, Permission.ACCESS_READ, order=0),
)
PALETTE = Provider("Accounts", Permission.ACCESS_READ, search)

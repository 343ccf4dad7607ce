"""The numbers of the first page, each cut to what the actor may see."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.access.filtering import LEAVERS
from app.access.models import Account
from app.access.visibility import visible as visible_accounts
from app.apps.models import App
from app.apps.visibility import visible as visible_apps
from app.core.actor import Actor
from app.core.database import Db
from app.people.models import Person
from app.people.visibility import visible as visible_people


@dataclass(frozen=True, slots=True)
class Figures:
    """What there is at all. ``leavers`` counts people who have left and still hold an account."""

    people: int
    apps: int
    to_triage: int
    accounts: int
    unlinked: int
    leavers: int
    leaver_accounts: int


def get_figures(db: Db, actor: Actor) -> Figures:
    """One row of counts, in one statement."""
    present = sa.and_(Account.seen_until.is_(None), visible_accounts(actor))
    held_by_leaver = sa.and_(LEAVERS, Account.person_id == Person.id, visible_accounts(actor), visible_people(actor))
    open_apps = sa.and_(App.status.not_in(("closed", "ignored")), visible_apps(actor))

    def count(condition: sa.ColumnElement[bool], what: Any) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count(sa.distinct(what))).where(condition).scalar_subquery()

    row = db.row(
        sa.select(
            count(sa.and_(Person.status == "active", visible_people(actor)), Person.id),
            count(open_apps, App.id),
            count(sa.and_(App.status == "new", visible_apps(actor)), App.id),
            count(present, Account.id),
            count(sa.and_(present, Account.person_id.is_(None), Account.kind == "user"), Account.id),
            count(held_by_leaver, Person.id),
            count(held_by_leaver, Account.id),
        )
    )
    assert row is not None
    return Figures(*list(row))

"""Whose rows an actor sees: everybody, only themselves, or also the people who hold accounts in the apps they own.

Every list, search, count and export of people is cut with ``visible`` in SQL; what is not visible does not exist.
"""

from typing import cast
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.permissions import Rows
from app.people.models import Person

PEOPLE = cast("sa.Table", Person.__table__)
_p = PEOPLE.c
# Who has an account where is known above; it is named here, not imported, because it decides whose rows these are.
_ACCOUNTS = sa.table("accounts", sa.column("app_id", sa.Uuid), sa.column("person_id", sa.Uuid), sa.column("seen_until"))
_APPS = sa.table("apps", sa.column("id", sa.Uuid), sa.column("owner_id", sa.Uuid), sa.column("merged_into_id"))


def visible(actor: Actor) -> sa.ColumnElement[bool]:
    """Which rows of ``people`` the actor sees; tombstones of merged people are nobody's."""
    return visible_to(actor.rows, actor.person_id)


def visible_to(rows: Rows, person: UUID | sa.BindParameter[UUID] | None) -> sa.ColumnElement[bool]:
    """The same for whoever sees ``rows`` and is this ``person``, an id or the parameter that will be one."""
    standing: sa.ColumnElement[bool] = _p.merged_into_id.is_(None)
    if rows == Rows.ALL:
        return standing
    if person is None:
        return sa.false()
    oneself: sa.ColumnElement[bool] = _p.id == person
    if rows == Rows.OWN:
        return sa.and_(standing, oneself)
    holders = (
        sa.select(_ACCOUNTS.c.person_id)
        .join(_APPS, _APPS.c.id == _ACCOUNTS.c.app_id)
        .where(_APPS.c.owner_id == person, _APPS.c.merged_into_id.is_(None))
    )
    return sa.and_(standing, sa.or_(oneself, _p.id.in_(holders)))

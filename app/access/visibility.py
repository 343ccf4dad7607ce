"""Whose accounts an actor sees: all; their own; also those in the apps they own.

Every list, search, count and export of accounts is cut with ``visible`` in SQL; what is not visible does not exist.
"""

from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account
from app.apps.models import App
from app.core.actor import Actor
from app.core.permissions import Rows

Me = UUID | sa.BindParameter[UUID]


def visible(actor: Actor) -> sa.ColumnElement[bool]:
    """Which rows of ``accounts`` the actor sees."""
    return visible_to(actor.rows, actor.person_id)


def visible_to(rows: Rows, person: Me | None) -> sa.ColumnElement[bool]:
    """The same for whoever sees ``rows`` and is this ``person``, an id or the parameter that will be one."""
    if rows is Rows.ALL:
        return sa.true()
    if person is None:
        return sa.false()
    own: sa.ColumnElement[bool] = Account.person_id == person
    return own if rows is Rows.OWN else own | _in_owned_apps(person)


def changeable(actor: Actor) -> sa.ColumnElement[bool]:
    """Which of them an actor that may change access may change: all, or those in the apps it owns."""
    if actor.rows is Rows.ALL:
        return sa.true()
    return sa.false() if actor.person_id is None else _in_owned_apps(actor.person_id)


def _in_owned_apps(person: Me) -> sa.ColumnElement[bool]:
    """Accounts in the apps that a person owns: an array that is read first, so that an index can be used."""
    owned = sa.select(App.id).where(App.owner_id == person, App.merged_into_id.is_(None)).scalar_subquery()
    among: sa.ColumnElement[bool] = Account.app_id == sa.any_(sa.func.array(owned, type_=sa.ARRAY(sa.Uuid)))
    return among

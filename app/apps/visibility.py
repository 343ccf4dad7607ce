"""Whose apps an actor sees: all; those it owns; those it has an account in.

Every list, search, count and export of apps is cut with ``visible`` in SQL; what is not visible does not exist.
"""

import sqlalchemy as sa

from app.apps.models import App
from app.core.actor import Actor
from app.core.permissions import Rows

# Who has an account where is known above; it is named here, not imported, because it decides whose rows these are.
_ACCOUNTS = sa.table(
    "accounts", sa.column("app_id", sa.Uuid), sa.column("person_id", sa.Uuid), sa.column("seen_until")
).c


def visible(actor: Actor) -> sa.ColumnElement[bool]:
    """Which rows of ``apps`` the actor sees; what was merged into another is nobody's."""
    live = App.merged_into_id.is_(None)
    if actor.rows is Rows.ALL:
        return live
    if actor.person_id is None:
        return sa.false()
    mine = (_ACCOUNTS.person_id == actor.person_id) & _ACCOUNTS.seen_until.is_(None)
    held = App.id.in_(sa.select(_ACCOUNTS.app_id).where(mine))
    return live & (held if actor.rows is Rows.OWN else held | (App.owner_id == actor.person_id))


def changeable(actor: Actor) -> sa.ColumnElement[bool]:
    """Which of them an actor that may change apps may change: all, or those it owns."""
    if actor.rows is Rows.ALL:
        return visible(actor)
    return sa.false() if actor.person_id is None else visible(actor) & (App.owner_id == actor.person_id)

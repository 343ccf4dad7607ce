"""How many accounts each app has in each view: the whole inventory in one statement.

In a large organisation those numbers are kept for half a minute per process, for whoever sees all rows: reading them again
for every page would cost more than the page itself. What an actor sees only in part is always counted afresh.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from app.access.filtering import unused_before, view_condition
from app.access.models import Account
from app.access.queries import VIEWS, VIEWS_OF_APP
from app.access.visibility import visible
from app.core import clock
from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Rows
from app.people.models import Person

KEPT_FROM = 10_000
KEPT_SECONDS = 30.0
_ALL_VIEWS = tuple({*VIEWS, *VIEWS_OF_APP})
ByView = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Kept:
    counts: Mapping[UUID, ByView]
    until: float


_kept: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()  # by engine: a process may serve several databases


def counts_by_app(db: Db, actor: Actor) -> Mapping[UUID, ByView]:
    """The accounts of each app in each view, as far as the actor may see; an app that never had one is left out."""
    if actor.rows is not Rows.ALL:
        return _count(db, actor)
    engine = db.session.get_bind()
    kept = _kept.get(engine)
    if kept is None or kept.until < clock.monotonic():
        kept = _Kept(_count(db, actor), clock.monotonic() + KEPT_SECONDS)
        if sum(each["all"] for each in kept.counts.values()) >= KEPT_FROM:
            _kept[engine] = kept
    return kept.counts


def count_views(db: Db, actor: Actor, views: Sequence[str], app_id: UUID | None = None) -> dict[str, int]:
    """How many accounts each of these views holds: of one app, or of all."""
    counts = counts_by_app(db, actor)
    among = counts.values() if app_id is None else filter(None, (counts.get(app_id),))
    totals = list(among)
    return {view: sum(each[view] for each in totals) for view in views}


def _count(db: Db, actor: Actor) -> Mapping[UUID, ByView]:
    before = unused_before(db)
    counts = [sa.func.count().filter(view_condition(view, before)).label(view) for view in _ALL_VIEWS]
    rows = db.rows(
        sa.select(Account.app_id, *counts)
        .outerjoin(Person, Person.id == Account.person_id)
        .where(visible(actor))
        .group_by(Account.app_id)
    )
    return {row.app_id: {view: row._mapping[view] for view in _ALL_VIEWS} for row in rows}  # noqa: SLF001 - documented

"""How many accounts apps have, for the pages of apps: main wires ``APP_NUMBERS`` as ``app.state.app_numbers``."""

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account
from app.access.queries import LEAVERS, PRESENT, UNLINKED, active, unused, unused_before
from app.access.visibility import visible
from app.apps.models import App
from app.apps.numbers import AppNumbers, Numbers
from app.core.actor import Actor
from app.core.database import Db
from app.core.listing import Sort
from app.people.models import Person


def count_by_app(db: Db, actor: Actor, app_ids: Collection[UUID]) -> dict[UUID, AppNumbers]:
    """The accounts of each app, as far as the actor may see; an app that never had one is left out."""
    before = unused_before(db)

    counts = {
        "accounts": PRESENT,
        "active": active(before),
        "unused": unused(before),
        "leavers": LEAVERS,
        "unlinked": UNLINKED,
    }
    rows = db.rows(
        sa.select(Account.app_id, *(sa.func.count().filter(what).label(name) for name, what in counts.items()))
        .outerjoin(Person, Person.id == Account.person_id)
        .where(Account.app_id.in_(app_ids), visible(actor))
        .group_by(Account.app_id)
    )
    return {row.app_id: AppNumbers(row.accounts, row.active, row.unused, row.leavers, row.unlinked) for row in rows}


def sorts(actor: Actor) -> Mapping[str, Sort]:
    """The list of apps sorted by how many accounts they have, of those that the actor sees."""
    held = sa.select(sa.func.count()).select_from(Account).where(Account.app_id == App.id, PRESENT, visible(actor))
    return {"accounts": Sort(held.correlate(App).scalar_subquery(), int)}


APP_NUMBERS = Numbers(count_by_app, sorts)

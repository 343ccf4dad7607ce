"""How many accounts apps have, for the pages of apps: main wires ``APP_NUMBERS`` as ``app.state.app_numbers``."""

from collections.abc import Collection, Mapping
from uuid import UUID

import sqlalchemy as sa

from app.access.counts import counts_by_app
from app.access.filtering import PRESENT
from app.access.models import Account
from app.access.visibility import visible
from app.apps.models import App
from app.apps.numbers import AppNumbers, Numbers
from app.core.actor import Actor
from app.core.database import Db
from app.core.listing import Sort


def count_by_app(db: Db, actor: Actor, app_ids: Collection[UUID]) -> dict[UUID, AppNumbers]:
    """The accounts of each app, as far as the actor may see; an app that never had one is left out."""
    counts = counts_by_app(db, actor)
    return {
        app_id: AppNumbers(
            accounts=counts[app_id]["all"],
            active=counts[app_id]["active"],
            unused=counts[app_id]["unused"],
            leavers=counts[app_id]["leavers"],
            unlinked=counts[app_id]["not-linked"],
        )
        for app_id in app_ids
        if app_id in counts
    }


def sorts(actor: Actor) -> Mapping[str, Sort]:
    """The list of apps sorted by how many accounts they have, of those that the actor sees."""
    held = sa.select(sa.func.count()).select_from(Account).where(Account.app_id == App.id, PRESENT, visible(actor))
    return {"accounts": Sort(held.correlate(App).scalar_subquery(), int)}


APP_NUMBERS = Numbers(count_by_app, sorts)

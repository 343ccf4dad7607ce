"""Apps follow their owner when two people turn out to be one, and go back when they do not.

The merge of the people is the event; nothing is recorded here.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.apps.models import App
from app.core.database import Db


def move_ownership(db: Db, apps: Sequence[UUID] | None, *, source: UUID, target: UUID) -> list[UUID]:
    """Let ``target`` own what ``source`` owns or, of that, only ``apps``; the ids of what moved."""
    owned = App.owner_id == source if apps is None else (App.owner_id == source) & App.id.in_(apps)
    return list(db.session.scalars(sa.update(App).where(owned).values(owner_id=target).returning(App.id)))

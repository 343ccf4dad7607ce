"""The connections as the source of facts for the rooms below: names, ages and health of connections (``web.sources``)."""

import sqlalchemy as sa

from app.connections.models import Connection
from app.connections.queries import health_of_all
from app.connections.wording import HEALTH
from app.core.database import Db
from app.web.sources import Source
from connectors.registry import CONNECTORS


def list_sources(db: Db) -> list[Source]:
    """Every connection, as ``app.state.sources`` wants it; one that was removed keeps its name and age for old facts."""
    there = [
        Source(row.id, row.name, row.last_complete_at, HEALTH[health][0], is_live=_is_live(row.connector))
        for row, health in health_of_all(db)
    ]
    removed = sa.select(Connection.id, Connection.name, Connection.last_complete_at, Connection.connector).where(
        Connection.status == "removed"
    )
    gone = [
        Source(
            row.id,
            f"{row.name} (removed)",
            row.last_complete_at,
            "removed",
            is_live=_is_live(row.connector),
            is_removed=True,
        )
        for row in db.rows(removed)
    ]
    return [*there, *gone]


def _is_live(connector: str) -> bool:
    return connector not in CONNECTORS or "sync" in CONNECTORS[connector].capabilities

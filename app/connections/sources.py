"""The connections as the source of facts for the rooms below: names, ages and health of connections (``web.sources``)."""

from app.connections.queries import health_of_all
from app.connections.wording import HEALTH
from app.core.database import Db
from app.web.sources import Source
from connectors.registry import CONNECTORS


def list_sources(db: Db) -> list[Source]:
    """Every connection, as ``app.state.sources`` wants it."""
    return [
        Source(
            row.id,
            row.name,
            row.last_complete_at,
            HEALTH[health][0],
            is_live="sync" in CONNECTORS[row.connector].capabilities,
        )
        for row, health in health_of_all(db)
    ]

"""The connections as the source of facts for the rooms below: names, ages and health of connections (``web.sources``)."""

from app.connections.queries import all_connections
from app.connections.wording import HEALTH
from app.core.database import Db
from app.web.sources import Source
from connectors.registry import CONNECTORS


def list_sources(db: Db) -> list[Source]:
    """Every connection, as ``app.state.sources`` wants it."""
    return [
        Source(
            connection.id,
            connection.name,
            connection.last_complete_at,
            HEALTH[connection.health][0],
            is_live="sync" in CONNECTORS[connection.connector].capabilities,
        )
        for connection in all_connections(db)
    ]

"""Which connectors there are, for whoever names one."""

from app.core.errors import Invalid
from connectors.registry import CONNECTORS
from connectors.sdk.connector import Connector


def connector_of(key: str) -> Connector:
    """The connector with this key that syncs. Refuses (``Invalid``) any other."""
    connector = CONNECTORS.get(key)
    if connector is None or "sync" not in connector.capabilities:
        known = ", ".join(key for key, each in CONNECTORS.items() if "sync" in each.capabilities)
        raise Invalid.field("connector", f"Choose one of: {known}.")
    return connector

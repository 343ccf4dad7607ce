"""Connectors turn foreign systems into frozen facts. They know no database, no settings, no ``app``."""

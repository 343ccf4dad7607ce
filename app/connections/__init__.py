"""Connectors at work: connections, syncs, imports. The only room that knows ``connectors``."""

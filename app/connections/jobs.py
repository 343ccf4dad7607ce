"""The jobs of this room; importing registers them."""

from app.connections.schedule import SCHEDULE
from app.connections.sync import SYNC
from app.connections.testing import TEST

__all__ = ["SCHEDULE", "SYNC", "TEST"]

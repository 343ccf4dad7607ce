"""The jobs of this room; importing registers them."""

from app.connections.counting import COUNT_ANEW
from app.connections.imports.clearing import CLEAR
from app.connections.imports.large import APPLY, READ
from app.connections.schedule import SCHEDULE
from app.connections.sync import SYNC
from app.connections.testing import TEST

__all__ = ["APPLY", "CLEAR", "COUNT_ANEW", "READ", "SCHEDULE", "SYNC", "TEST"]

"""How a person's type, status and views read."""

from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, str]] = {"active": "Active", "left": "Left", "unknown": "Unknown"}
TYPES: Final[Mapping[str, str]] = {
    "employee": "Employee",
    "contractor": "Contractor",
    "external": "External",
    "service": "Service account",
}
VIEWS: Final[Mapping[str, str]] = {
    "active": "Active",
    "starting": "Starting",
    "leaving": "Leaving",
    "left": "Left",
    "external": "External",
    "service": "Service accounts",
    "everyone": "Everyone",
}
FACETS: Final[Mapping[str, str]] = {"team": "Team", "location": "Location", "cost_centre": "Cost centre"}
BY_HAND: Final = "Entered here"
_TONES = {"active": "ok", "left": "mute", "unknown": "warn"}


def status_word(status: str) -> str:
    """The status in a word for people."""
    return STATUSES.get(status, status)


def status_tone(status: str) -> str:
    """The colour that goes with the word."""
    return _TONES.get(status, "mute")


def type_word(kind: str) -> str:
    """The type in words for people."""
    return TYPES.get(kind, kind)

"""How apps read: their statuses with what each means, and where they came from."""

from collections.abc import Mapping

STATUSES: Mapping[str, tuple[str, str]] = {  # word, tone
    "new": ("New", "info"),
    "in_review": ("In review", "warn"),
    "managed": ("Managed", "ok"),
    "accepted": ("Accepted", "ok"),
    "plan_to_close": ("Plan to close", "warn"),
    "closed": ("Closed", "mute"),
    "ignored": ("Ignored", "mute"),
}
STATUS_CHOICES = tuple((key, word) for key, (word, _tone) in STATUSES.items())
STATUS_HINTS: Mapping[str, str] = {
    "new": "Nobody has decided about it yet.",
    "in_review": "Somebody is looking into it.",
    "managed": "Paid for or relied on.",
    "accepted": "Free and harmless; leavers are still taken out of it.",
    "plan_to_close": "No new users; it will be closed.",
    "closed": "No longer in use; hidden from All apps.",
    "ignored": "Not an app of ours; hidden from All apps.",
}
_SOURCES: Mapping[str, str] = {
    "manual": "Added by hand",
    "api": "Added through the API",
    "import": "Spreadsheet",
    "connection": "Connection",
}
_SAID_BY: Mapping[str, str] = {"manual": "By hand", "api": "Through the API", "import": "Spreadsheet"}


def status_word(status: str) -> str:
    """The word for a status."""
    return STATUSES.get(status, (status, "mute"))[0]


def status_tone(status: str) -> str:
    """The colour of its badge."""
    return STATUSES.get(status, (status, "mute"))[1]


def said_by(source: str) -> str:
    """Who said a fact of an app."""
    return _SAID_BY.get(source, source)


def source_word(source: str) -> str:
    """Where an app came from; a source without words of its own is named as it is."""
    return _SOURCES.get(source, source)

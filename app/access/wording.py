"""How accounts read: their statuses and kinds, the views of their lists, how we know whose they are."""

from collections.abc import Mapping

from app.people.roster import Entry

STATUSES: Mapping[str, tuple[str, str]] = {  # word, tone
    "active": ("Active", "ok"),
    "suspended": ("Suspended", "warn"),
    "inactive": ("Inactive", "mute"),
}
KINDS: Mapping[str, str] = {"user": "Person", "service": "Service", "shared": "Shared"}
TITLES: Mapping[str, str] = {"user": "Account", "service": "Service account", "shared": "Shared account"}
LINKS: Mapping[str, str] = {"email": "Matched by e-mail address", "hand": "Linked by hand", "": ""}
VIEWS: Mapping[str, str] = {
    "all": "All",
    "active": "Active",
    "leavers": "Leavers",
    "unused": "Unused",
    "not-linked": "Not linked",
    "service": "Service & shared",
    "gone": "Gone",
}
STATUS_CHOICES = tuple((key, word) for key, (word, _tone) in STATUSES.items())
KIND_CHOICES = tuple(KINDS.items())
KIND_HINTS = (
    ("user", "A person's account", "Matched by its e-mail address, or linked by hand."),
    ("service", "A service account", "Used by a program. Somebody answers for it."),
    ("shared", "A shared account", "Used by several people. Somebody answers for it."),
)


def status_word(status: str) -> str:
    """The word for a status."""
    return STATUSES.get(status, (status, "mute"))[0]


def status_tone(status: str) -> str:
    """The colour of its badge."""
    return STATUSES.get(status, (status, "mute"))[1]


def choice_of(person: Entry) -> str:
    """A person as a choice among several: the name, told from namesakes by the address."""
    return f"{person.name} ({person.folded_email})" if person.folded_email else person.name

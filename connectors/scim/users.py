"""SCIM users (RFC 7643 §4.1, §4.3): each is an account and, where the system is a directory, a person too.

Private addresses (type "home") are not taken over. Where there is no e-mail, a user name that looks like one serves.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from msgspec import Struct, field

from connectors.scim.listing import read_page
from connectors.sdk.client import Client
from connectors.sdk.connector import Page, Stream
from connectors.sdk.fields import Config
from connectors.sdk.pages import Gather
from connectors.sdk.records import Account, Person, PersonStatus, PersonType, Record, is_email

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_NO_LETTER: Final = str.maketrans("", "", " -_")
_TYPES: Final[dict[str, PersonType]] = {
    **dict.fromkeys(("contractor", "consultant", "temp", "temporary", "freelancer", "contingent"), "contractor"),
    **dict.fromkeys(("external", "guest", "partner", "vendor", "supplier", "customer"), "external"),
    **dict.fromkeys(("service", "serviceaccount", "bot", "application", "system", "robot"), "service"),
}
Text = str | int | None
Flag = bool | str | int | None


class Name(Struct, frozen=True):
    """The parts of a name."""

    formatted: Text = None
    given: Text = field(name="givenName", default=None)
    family: Text = field(name="familyName", default=None)


class Value(Struct, frozen=True):
    """One of several e-mail addresses or telephone numbers."""

    value: Text = None
    type: Text = None
    primary: Flag = None


class Address(Struct, frozen=True):
    """One of several postal addresses."""

    locality: Text = None
    country: Text = None
    type: Text = None
    primary: Flag = None


class Manager(Struct, frozen=True):
    """The manager, by id."""

    value: Text = None


class Enterprise(Struct, frozen=True):
    """The enterprise extension."""

    employee_number: Text = field(name="employeeNumber", default=None)
    department: Text = None
    cost_centre: Text = field(name="costCenter", default=None)
    manager: Manager | str | None = None


class Meta(Struct, frozen=True):
    """When the user was made."""

    created: Text = None


class User(Struct, frozen=True):
    """A user as servers really send it: anything may be absent or null, and numbers stand where text belongs."""

    id: Text = None
    user_name: Text = field(name="userName", default=None)
    display_name: Text = field(name="displayName", default=None)
    name: Name | None = None
    title: Text = None
    user_type: Text = field(name="userType", default=None)
    active: Flag = None
    emails: list[Value | str | None] | None = None
    phones: list[Value | str | None] | None = field(name="phoneNumbers", default=None)
    addresses: list[Address | None] | None = None
    enterprise: Enterprise | None = field(name=ENTERPRISE, default=None)
    meta: Meta | None = None


def fetch(client: Client, config: Config, cursor: str | None) -> Page:
    """One page of users."""
    read = read_member if config.flag("is_directory") else read_user
    return read_page(client, config, cursor, "Users", Gather(kind="account", into=User, read=read))


def read_user(user: User) -> tuple[Record, ...]:
    """The account of a user."""
    return (_account(user, _emails(user), _person_type(user)),)


def read_member(user: User) -> tuple[Record, ...]:
    """The person and the account of a user of a directory."""
    emails, person_type = _emails(user), _person_type(user)
    return _person(user, emails, person_type), _account(user, emails, person_type)


def _person(user: User, emails: Sequence[str], person_type: PersonType) -> Person:
    name, more = user.name or Name(), user.enterprise or Enterprise()
    manager = more.manager.value if isinstance(more.manager, Manager) else more.manager
    return Person(
        source_id=_text(user.id),
        email=emails[0] if emails else "",
        aliases=tuple(emails[1:]),
        given_name=_text(name.given),
        family_name=_text(name.family),
        display_name=_display_name(user),
        job_title=_text(user.title),
        team=_text(more.department),
        location=_location(user.addresses or ()),
        cost_centre=_text(more.cost_centre),
        employee_id=_text(more.employee_number),
        phone=next(_values(user.phones), ""),
        manager=_text(manager),
        person_type=person_type,
        status=_status(user.active),
    )


def _account(user: User, emails: Sequence[str], person_type: PersonType) -> Account:
    return Account(
        source_id=_text(user.id),
        username=_text(user.user_name),
        email=emails[0] if emails else "",
        display_name=_display_name(user),
        status="inactive" if _flag(user.active) is False else "active",
        kind="service" if person_type == "service" else "user",
        created_at=_moment(_text(user.meta.created) if user.meta else ""),
    )


def _text(value: Text) -> str:
    return "" if value is None else str(value)


def _flag(value: Flag) -> bool | None:
    """A boolean that some servers send as "True" or 1."""
    known = {"true": True, "1": True, "false": False, "0": False}
    return known.get(str(value).strip().lower())


def _status(active: Flag) -> PersonStatus:
    known: dict[bool | None, PersonStatus] = {True: "active", False: "left", None: "unknown"}
    return known[_flag(active)]


def _display_name(user: User) -> str:
    name = user.name or Name()
    whole = _text(user.display_name) or _text(name.formatted)
    return whole or f"{_text(name.given)} {_text(name.family)}".strip()


def _person_type(user: User) -> PersonType:
    return _TYPES.get(_text(user.user_type).lower().translate(_NO_LETTER), "employee")


def _emails(user: User) -> list[str]:
    """The addresses, the best first, without repeats; the user name among them when it looks like one."""
    name = _text(user.user_name).strip()
    unique: dict[str, str] = {}
    for email in (*_values(user.emails), *([name] if is_email(name) else ())):
        unique.setdefault(email.lower(), email)
    return list(unique.values())


class _Ranked(Protocol):
    @property
    def type(self) -> Text: ...
    @property
    def primary(self) -> Flag: ...


_R = TypeVar("_R", bound=_Ranked)


def _ranked(entries: Sequence[_R]) -> list[_R]:
    """Without the private ones; primary first, then those of work, then the others as they came."""
    public = [entry for entry in entries if _text(entry.type).lower() != "home"]
    return sorted(public, key=lambda entry: (_flag(entry.primary) is not True, _text(entry.type).lower() != "work"))


def _values(entries: Sequence[Value | str | None] | None) -> Iterator[str]:
    known = [Value(entry) if isinstance(entry, str) else entry for entry in entries or () if entry is not None]
    return (text for entry in _ranked(known) if (text := _text(entry.value).strip()))


def _location(addresses: Sequence[Address | None]) -> str:
    best = _ranked([address for address in addresses if address is not None])
    places = (", ".join(filter(None, (_text(a.locality).strip(), _text(a.country).strip()))) for a in best)
    return next(filter(None, places), "")


def _moment(text: str) -> datetime | None:
    """A moment as servers write it; what cannot be read is not known (some write the year 1 for never)."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) if moment.year >= 1970 else None  # noqa: PLR2004
    except ValueError:
        return None


STREAM: Final = Stream(
    key="users", name="Users", kinds=frozenset({"person", "account"}), fetch=fetch, may_be_empty=False
)

"""The facts a connector delivers: frozen, bounded, in one vocabulary for every system.

Unknown text is "". A record holds only text that can be stored and shown: it is trimmed, composed (Unicode NFC) and
within its limit, or building it fails with ``RecordRefused`` that names the column and the reason. Source ids are the
other system's own, opaque and kept to the letter. Scripts and markup are kept as typed. A record prints as its kind
and id only, so that no log or traceback carries a person's facts.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import force_setattr
from typing_extensions import override

ID: Final = 255
TEXT: Final = 200
EMAIL: Final = 320
URL: Final = 2048
NOTES: Final = 4000
_MOST_ALIASES: Final = 100
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_EMAIL: Final = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
_WEB: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_BREAK: Final = re.compile(r"[\t\r\n]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Kind = Literal["person", "account", "entitlement", "grant", "app"]
PersonType = Literal["employee", "contractor", "external", "service"]
PersonStatus = Literal["active", "left", "unknown"]
AccountStatus = Literal["active", "suspended", "inactive"]
AccountKind = Literal["user", "service", "shared"]
EntitlementKind = Literal["group", "role", "licence", "permission"]
AppStatus = Literal["new", "in_review", "managed", "accepted", "plan_to_close", "closed", "ignored"]


class RecordRefused(ValueError):
    """The facts do not make a record: ``column`` names the field, ``reason`` is half a sentence about its value."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all records share: their texts are settled when they are built."""

    ids: ClassVar[tuple[str, ...]] = ("source_id",)
    texts: ClassVar[tuple[tuple[str, int], ...]] = ()
    emails: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.ids:
            _check_id(name, getattr(self, name))
        for name, limit in self.texts:
            value = getattr(self, name)
            if value and (settled := clean(name, value, limit)) is not value:
                force_setattr(self, name, settled)
        for name in self.emails:
            if (value := getattr(self, name)) and not is_email(value):
                raise RecordRefused(name, "is not an e-mail address")

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, name)) for name in self.ids)})"


class Person(Fact, frozen=True, kw_only=True, tag="person"):
    """Somebody, or something, the organisation knows. ``manager`` is a source id or an e-mail address."""

    source_id: str
    email: str = ""
    aliases: tuple[str, ...] = ()
    given_name: str = ""
    family_name: str = ""
    display_name: str = ""
    job_title: str = ""
    team: str = ""
    location: str = ""
    cost_centre: str = ""
    employee_id: str = ""
    phone: str = ""
    manager: str = ""
    person_type: PersonType = "employee"
    status: PersonStatus = "unknown"
    start_date: date | None = None
    leaving_date: date | None = None

    texts: ClassVar[tuple[tuple[str, int], ...]] = (
        ("email", EMAIL),
        *((name, TEXT) for name in ("given_name", "family_name", "display_name", "job_title", "team", "location")),
        *((name, TEXT) for name in ("cost_centre", "employee_id", "phone")),
        ("manager", EMAIL),
    )
    emails: ClassVar[tuple[str, ...]] = ("email",)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.aliases:
            force_setattr(self, "aliases", _check_aliases(self.aliases))
        for name in ("start_date", "leaving_date"):
            _check_year(name, getattr(self, name))


class Account(Fact, frozen=True, kw_only=True, tag="account"):
    """A presence in an app. Moments are aware and in UTC."""

    source_id: str
    username: str = ""
    email: str = ""
    display_name: str = ""
    status: AccountStatus = "active"
    kind: AccountKind = "user"
    last_login_at: datetime | None = None
    created_at: datetime | None = None

    texts: ClassVar[tuple[tuple[str, int], ...]] = (("username", EMAIL), ("email", EMAIL), ("display_name", TEXT))
    emails: ClassVar[tuple[str, ...]] = ("email",)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("last_login_at", "created_at"):
            if (moment := getattr(self, name)) is not None:
                _check_year(name, moment)
                if moment.tzinfo is not UTC:
                    force_setattr(self, name, _utc(name, moment))


class Entitlement(Fact, frozen=True, kw_only=True, tag="entitlement"):
    """Something an account can hold in an app."""

    source_id: str
    kind: EntitlementKind
    name: str
    is_privileged: bool = False

    texts: ClassVar[tuple[tuple[str, int], ...]] = (("name", TEXT),)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name:
            raise RecordRefused("name", "is empty")


class Grant(Fact, frozen=True, kw_only=True, tag="grant"):
    """An account holding an entitlement, both named by their source ids."""

    account: str
    entitlement: str

    ids: ClassVar[tuple[str, ...]] = ("account", "entitlement")


class AppEntry(Fact, frozen=True, kw_only=True, tag="app"):
    """One application of the register; ``instance_name`` tells several instances of one product apart."""

    source_id: str
    name: str
    instance_name: str = ""
    vendor: str = ""
    status: AppStatus = "new"
    owner_email: str = ""
    cost_centre: str = ""
    category: str = ""
    url: str = ""
    notes: str = ""

    texts: ClassVar[tuple[tuple[str, int], ...]] = (
        *((name, TEXT) for name in ("name", "instance_name", "vendor", "cost_centre", "category")),
        ("owner_email", EMAIL),
        ("url", URL),
        ("notes", NOTES),
    )
    emails: ClassVar[tuple[str, ...]] = ("owner_email",)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name:
            raise RecordRefused("name", "is empty")
        if self.url and not _WEB.match(self.url):
            raise RecordRefused("url", "does not begin with http:// or https://")


Record = Person | Account | Entitlement | Grant | AppEntry


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that could not be read, and why. ``reason`` is half a sentence that follows the column's name.

    ``source_id`` is its id where that much was readable: what is known to be there may not count as gone. ``row`` is
    the row a spreadsheet program shows (the header is usually 1). ``value`` is the offending text, shortened.
    """

    kind: Kind
    reason: str
    source_id: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    @override
    def __repr__(self) -> str:
        return f"Problem({self.kind}, row={self.row}, column={self.column!r}, reason={self.reason!r})"


def kind_of(record: Record) -> Kind:
    """The kind a record is of, as in the tag of its encoded form."""
    return record.__struct_config__.tag  # type: ignore[return-value]  # the tags above are the kinds


def identity(record: Record) -> str:
    """What names a record among its kind: its source id; for a grant both ids, joined so that no two pairs agree."""
    if isinstance(record, Grant):
        return f"{len(record.account)}:{record.account}{record.entitlement}"
    return record.source_id


def is_email(value: str) -> bool:
    """Whether ``value`` could be an e-mail address: something, one @, something. ``@corp.local`` is fine."""
    return _EMAIL.fullmatch(value) is not None


def clean(column: str, value: str, limit: int) -> str:
    """``value`` trimmed and composed, refused when it is longer than ``limit`` or holds what is not text.

    Line breaks and tabs become spaces, except in ``notes``.
    """
    if len(value) <= limit and value.isascii() and value.isprintable() and value == value.strip():
        return value
    if _not_text(value):
        raise RecordRefused(column, "holds a control character or half a character, which is not text")
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if column != "notes":
        text = _BREAK.sub(" ", text)
    if len(text) > limit:
        raise RecordRefused(column, f"is longer than {limit:,} characters")
    return text


def _not_text(value: str) -> bool:
    """Whether it holds NUL, another control character, or a lone surrogate."""
    if _CONTROL.search(value):
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_id(column: str, value: str) -> None:
    if not value:
        raise RecordRefused(column, "is empty")
    if len(value) > ID:
        raise RecordRefused(column, f"is longer than {ID} characters")
    if not (value.isascii() and value.isprintable()) and (_not_text(value) or _BREAK.search(value)):
        raise RecordRefused(column, "holds a control character or half a character, which is not text")


def _check_aliases(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > _MOST_ALIASES:
        raise RecordRefused("aliases", f"are more than {_MOST_ALIASES}")
    aliases = tuple(dict.fromkeys(clean("aliases", value, EMAIL) for value in values if value))
    if not all(map(is_email, aliases)):
        raise RecordRefused("aliases", "hold something that is not an e-mail address")
    return aliases


def _check_year(column: str, value: date | None) -> None:
    if value is not None and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise RecordRefused(column, f"is not between {_FIRST_YEAR} and {_LAST_YEAR}")


def _utc(column: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise RecordRefused(column, "has no time zone")
    return moment.astimezone(UTC)

"""What a person must fill in to connect a system, declared once: the app makes the form, the checks and the vault.

The rule that guards secrets: a field that ``locates_host`` decides where secrets are sent, so when its value changes
a saved secret is dropped and must be entered again. Otherwise whoever may edit the address could have it sent home.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal
from urllib.parse import urlsplit

from msgspec import Struct
from typing_extensions import override

from connectors.sdk.errors import ConfigurationError
from connectors.sdk.redaction import Secret

Value = str | int | bool
FieldKind = Literal["text", "url", "secret", "choice", "number", "boolean", "file"]
LONGEST_URL: Final = 2048
LONGEST_SECRET: Final = 8192
_MOST_DIGITS: Final = 10
_YES: Final = frozenset({"true", "on", "yes", "1"})
_NO: Final = frozenset({"false", "off", "no", "0", ""})


class Choice(Struct, frozen=True):
    """One of the values a choice field takes, with the words for it."""

    value: str
    label: str


class Field(Struct, frozen=True, kw_only=True):
    """One thing to fill in. ``minimum`` and ``maximum`` bound a number, ``longest`` a text, in characters.

    A ``file`` is not part of the saved settings: the app takes the upload itself.
    """

    name: str
    label: str
    kind: FieldKind
    hint: str = ""
    required: bool = True
    default: Value | None = None
    choices: tuple[Choice, ...] = ()
    minimum: int = 0
    maximum: int = 1_000_000_000
    longest: int = 500
    locates_host: bool = False


class Config:
    """The settings of one connection as its connector reads them, defaults filled in. Prints no value."""

    __slots__ = ("_secrets", "_values")

    def __init__(
        self, fields: Sequence[Field], values: Mapping[str, Value], secrets: Mapping[str, Secret] | None = None
    ) -> None:
        self._values = {field.name: field.default for field in fields if field.default is not None} | dict(values)
        self._secrets = dict(secrets or {})

    @override
    def __repr__(self) -> str:
        return f"Config({', '.join(sorted({*self._values, *self._secrets}))})"

    def text(self, name: str) -> str:
        """The text, address or choice; "" when it was left empty."""
        return str(self._values.get(name, ""))

    def number(self, name: str) -> int:
        """The number, or ``ConfigurationError``."""
        value = self._values.get(name)
        if not isinstance(value, int):
            raise ConfigurationError(f"The setting “{name}” is missing. Open the connection's settings and save them.")
        return value

    def flag(self, name: str) -> bool:
        """The yes or no; no when it was never set."""
        return self._values.get(name) is True

    def secret(self, name: str) -> Secret:
        """The secret, or ``ConfigurationError`` when none is saved."""
        secret = self._secrets.get(name)
        if not secret:
            raise ConfigurationError("The token or password is missing. Enter it in the connection's settings.")
        return secret


class FieldProblem(Struct, frozen=True):
    """What is wrong with one field, as a sentence to show beside it."""

    field: str
    message: str


class FieldsRefused(ConfigurationError):
    """What was filled in cannot be saved; ``problems`` holds one message per field."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class Parsed(Struct, frozen=True):
    """What was filled in, checked. ``dropped`` names saved secrets that must be deleted from the vault."""

    values: dict[str, Value]
    secrets: dict[str, Secret]
    dropped: frozenset[str] = frozenset()


def parse(
    fields: Sequence[Field],
    given: Mapping[str, object],
    *,
    saved: Mapping[str, Value] | None = None,
    saved_secrets: Collection[str] = (),
) -> Parsed:
    """Check what a form or an API call gave, or raise ``FieldsRefused`` with all that is wrong.

    A field that is absent takes its default, a boolean that is "" is no: a form sends "" for a box left unticked.
    ``saved`` are the values of the connection so far and ``saved_secrets`` the names of its saved secrets: those may
    be left empty to keep them, unless the connection now points elsewhere.
    """
    names = {field.name for field in fields}
    problems = [FieldProblem(name, f"There is no field “{name[:40]}”.") for name in given if name not in names]
    values: dict[str, Value] = {}
    secrets: dict[str, Secret] = {}
    for field in fields:
        if field.kind == "file":
            continue
        try:
            value = _read(field, given.get(field.name))
        except ValueError as error:
            problems.append(FieldProblem(field.name, str(error)))
            continue
        if isinstance(value, Secret):
            secrets[field.name] = value
        elif value is not None:
            values[field.name] = value
    moved = saved is not None and points_elsewhere(fields, saved, values)
    kept = frozenset[str]() if moved else frozenset(saved_secrets)
    problems += _missing(fields, {*values, *secrets, *kept}, moved=moved, known={p.field for p in problems})
    if problems:
        raise FieldsRefused(problems)
    return Parsed(values, secrets, frozenset(saved_secrets) - kept)


def points_elsewhere(fields: Sequence[Field], before: Mapping[str, Value], after: Mapping[str, Value]) -> bool:
    """Whether a field that locates the host differs. The whole value counts: a path can be another tenant's."""
    return any(before.get(field.name) != after.get(field.name) for field in fields if field.locates_host)


def _missing(fields: Sequence[Field], there: set[str], *, moved: bool, known: set[str]) -> list[FieldProblem]:
    problems = []
    for field in fields:
        if not field.required or field.kind == "file" or field.name in there | known:
            continue
        if moved and field.kind == "secret":
            message = f"{field.label}: the address has changed, so enter this again."
        else:
            message = f"{field.label}: this is needed."
        problems.append(FieldProblem(field.name, message))
    return problems


def _read(field: Field, given: object) -> Value | Secret | None:
    """The value of one field, None when it is empty; ``ValueError`` with a sentence when it cannot be."""
    if field.kind == "boolean":
        return _boolean(field, given)
    if given is None or (isinstance(given, str) and not given.strip()):
        return None if field.kind == "secret" else field.default
    return _number(field, given) if field.kind == "number" else _written(field, given)


def _written(field: Field, given: object) -> Value | Secret:
    """A value that is typed: text, address, secret or choice."""
    if not isinstance(given, str):
        raise ValueError(f"{field.label}: this must be text.")  # noqa: TRY004 - all that is wrong is a ValueError
    text = given.strip()
    longest = {"secret": LONGEST_SECRET, "url": LONGEST_URL}.get(field.kind, field.longest)
    if len(text) > longest:
        raise ValueError(f"{field.label}: at most {longest:,} characters.")
    if not text.isprintable():
        raise ValueError(f"{field.label}: this holds characters that cannot be typed. Copy it again.")
    if field.kind == "secret":
        return Secret(text)
    if field.kind == "choice" and text not in {choice.value for choice in field.choices}:
        raise ValueError(f"{field.label}: choose one of the list.")
    return _web_address(field, text) if field.kind == "url" else text


def _number(field: Field, given: object) -> int:
    if isinstance(given, str) and len(given) <= _MOST_DIGITS and given.strip().isascii() and given.strip().isdigit():
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool) or not field.minimum <= given <= field.maximum:
        raise ValueError(f"{field.label}: a whole number from {field.minimum:,} to {field.maximum:,}.")
    return given


def _boolean(field: Field, given: object) -> bool:
    if given is None:
        return field.default is True
    if isinstance(given, bool):
        return given
    text = given.strip().lower() if isinstance(given, str) else given
    if text in _YES | _NO:
        return text in _YES
    raise ValueError(f"{field.label}: yes or no.")


def _web_address(field: Field, text: str) -> str:
    """The address without a trailing slash, scheme and host in lower case; refused with credentials or a query."""
    wrong = ValueError(f"{field.label}: an address such as https://example.com/api.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme.lower() not in {"https", "http"} or not host or " " in text:
        raise wrong
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(f"{field.label}: without user name, question mark or #.")
    bracketed = f"[{host}]" if ":" in host else host
    place = bracketed if port is None else f"{bracketed}:{port}"
    return f"{parts.scheme.lower()}://{place}{parts.path.rstrip('/')}"

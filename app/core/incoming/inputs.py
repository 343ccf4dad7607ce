"""What comes in: one strict model that every JSON body and form is judged by, and the types its fields have.

Strict means what JSON means: a number is not a text, a moment has a time zone, an unknown field is refused. Nothing gets
through that PostgreSQL or a later reader would choke on (lone surrogates, NUL, endless numbers, the year 9999).
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import NoneType
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema, to_json

from app.core.incoming import text

MAX_TEXT = 10_000
MAX_DEPTH = 32
INT4 = 2**31
INT8 = 2**63
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


def _spelled(kind: str) -> BeforeValidator:
    # pydantic also takes a number, even within a text, for the seconds since 1970.
    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and _ISO.match(value)):
            return value
        raise PydanticCustomError(f"{kind}_spelling", "not a date")

    return BeforeValidator(check)


def _moment(value: datetime) -> datetime:
    if not _FIRST <= value < _LAST:
        raise ValueError("This must be between 1970 and 2200.")
    return value.astimezone(UTC)


def _day(value: date) -> date:
    if not _FIRST_DAY <= value < _LAST_DAY:
        raise ValueError("This must be between 1900 and 2200.")
    return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(text.one_line)]
"""One line of text, possibly empty, at most 1,000 characters."""
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(text.one_line)
]
"""What something is called: 1 to 200 characters on one line."""
LongText = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(text.lines)]
"""Text of several lines, at most 10,000 characters, kept as typed."""
Email = Annotated[str, StringConstraints(max_length=320), AfterValidator(text.email)]
"""An e-mail address as typed; look it up by ``canonical_email``."""
Int4 = Annotated[int, Field(ge=-INT4, lt=INT4)]
Int8 = Annotated[int, Field(ge=-INT8, lt=INT8)]
Limit = Annotated[int, Field(ge=1, le=1000)]
"""How many rows a page holds; the default is 100."""
PathId = UUID
Moment = Annotated[AwareDatetime, Field(strict=False), _spelled("datetime"), AfterValidator(_moment)]
"""A moment with a time zone, 1970 to 2200; arrives as UTC."""
Day = Annotated[date, Field(strict=False), _spelled("date"), AfterValidator(_day)]
"""A plain date, 1900 to 2200."""

ABSENT: Any = Field(default_factory=NoneType)
"""The default of a PATCH field that may be left out: ``name: Name = ABSENT`` refuses null, ``Name | None`` takes it."""


class Input(BaseModel):
    """The parent of every model of incoming data. Text fields are ``Line``, ``Name``, ``LongText``, ``Email``, not ``str``.

    Feed it objects (``model_validate``, FastAPI's body): ``model_validate_json`` judges the fields, but not what stands
    inside a free ``dict`` field.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        str_max_length=MAX_TEXT,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Refuse, when the class is made, a text field that says nothing about its length and lines."""
        for name, field in cls.model_fields.items():
            if not field.metadata and _has_bare_text(field.annotation):
                raise TypeError(f"{cls.__name__}.{name} is a bare str: use Line, Name, LongText or Email.")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Python's strictness would refuse "2026-01-01" for a date, its laxness would take 5 for a date and "yes" for
        # true: what comes from JSON or a form is judged as JSON, then handed on as Python values.
        schema = handler(source)
        judged = core_schema.no_info_wrap_validator_function(cls._as_json_means_it, schema)
        return core_schema.json_or_python_schema(json_schema=schema, python_schema=judged)

    @classmethod
    def _as_json_means_it(cls, value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, dict):
            return handler(value)
        problems = list(_traps(value, ()))
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems[:20], hide_input=True)
        judged = cls.__pydantic_validator__.validate_json(to_json(value))
        return handler(changes(judged))


def changes(model: Input) -> dict[str, Any]:
    """The fields that were sent, null included, and none that was left out: what a PATCH changes."""
    return {name: getattr(model, name) for name in model.model_fields_set}


def _has_bare_text(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return False
    return annotation is str or any(_has_bare_text(part) for part in get_args(annotation) if not isinstance(part, str))


def _traps(value: Any, where: tuple[str | int, ...]) -> Iterator[InitErrorDetails]:
    """What no field of any type may hold, and where."""
    if isinstance(value, dict | list | tuple):
        if len(where) >= MAX_DEPTH:
            yield _trap("This is nested too deeply.", where)
            return
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            inside = (*where, key if isinstance(key, int) else str(key))
            if message := _wrong_alone(key) or _wrong_alone(item):
                yield _trap(message, inside)
            yield from _traps(item, inside)


def _wrong_alone(value: Any) -> str:
    """What is wrong with a text or number whatever its field, or nothing."""
    if isinstance(value, float | int) and not -INT8 <= value < INT8:  # nor is NaN
        return "This number is too large."
    try:
        text.lines(value if isinstance(value, str) else "")
    except ValueError as error:
        return str(error)
    return ""


def _trap(message: str, where: tuple[str | int, ...]) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("trap", "{message}", {"message": message}), loc=where, input=None)

"""What is wrong with each field, in words for the person who filled it in; what they typed is not repeated.

pydantic speaks to programmers and quotes the input; an error page or problem+json must do neither.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from app.core.errors import FieldError
from app.core.redaction import printable

MAX_ERRORS = 20
MAX_NAME = 100
_PLACES = {"body", "query", "path", "header", "cookie"}
_MESSAGES = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here.",
    "string_type": "This must be text.",
    "string_too_short": "This needs at least {min_length} characters.",
    "string_too_long": "This can have {max_length} characters at most.",
    "string_pattern_mismatch": "This is not in the expected form.",
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be {ge} or more.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be {le} or less.",
    "enum": "This must be one of {expected}.",
    "literal_error": "This must be one of {expected}.",
    "too_short": "This needs at least {min_length} entries.",
    "too_long": "This can have {max_length} entries at most.",
    "json_invalid": "The body is not valid JSON.",
    "trap": "{message}",
}
_BY_BEGINNING = {
    "int_": "This must be a whole number.",
    "bool_": "This must be true or false.",
    "float_": "This must be a number.",
    "finite_": "This must be a number.",
    "decimal_": "This must be a number.",
    "uuid_": "This must be an id (a UUID).",
    "datetime_": "This must be a moment with its time zone, such as 2026-12-12T09:30:00Z.",
    "timezone_": "This must be a moment with its time zone, such as 2026-12-12T09:30:00Z.",
    "date_": "This must be a date, such as 2026-12-12 or 12 Dec 2026.",
    "list_": "This must be a list.",
    "tuple_": "This must be a list.",
    "set_": "This must be a list.",
    "frozen_set_": "This must be a list.",
    "dict_": "This must be an object.",
    "mapping_": "This must be an object.",
    "model_": "This must be an object.",
}


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """One message per wrong field of a model, at most 20."""
    return from_details(error.errors(include_url=False, include_input=False))


def from_details(details: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """The same from pydantic's or FastAPI's error details."""
    found: dict[str, FieldError] = {}
    for detail in details:
        name = field_name(detail["loc"])
        if len(found) < MAX_ERRORS:
            found.setdefault(name, FieldError(name, _message(detail)))
    return tuple(found.values())


def field_name(where: Sequence[str | int]) -> str:
    """``("body", "seats", 0, "name")`` as ``seats.0.name``: printable, at most 100 characters."""
    parts = where[1:] if len(where) > 1 and where[0] in _PLACES else where
    return printable(".".join(str(part)[: MAX_NAME + 1] for part in parts[:10]))[:MAX_NAME]


def _message(detail: Mapping[str, Any]) -> str:
    kind = str(detail["type"])
    if kind == "value_error":
        return str(detail["msg"]).removeprefix("Value error, ")
    if kind == "string_too_short" and detail["ctx"]["min_length"] == 1:
        return _MESSAGES["missing"]
    if kind in _MESSAGES:
        return _MESSAGES[kind].format(**detail.get("ctx", {}))
    return next((text for start, text in _BY_BEGINNING.items() if kind.startswith(start)), "This value is not valid.")

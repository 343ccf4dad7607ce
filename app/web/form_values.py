"""What people type into a form, as the value it means: dates in several spellings, ticks, numbers, nothing.

A form knows only texts. Each is turned into what JSON would have said for the field's type, and the strict model judges
the rest; a text that means nothing is handed on as it is, so that the model's message names the field.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

_MONTHS = "january february march april may june july august september october november december".split()
_ISO_DAY = re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})")
_NUMBER_DAY = re.compile(r"(?P<d>[0-9]{1,2})[/.](?P<m>[0-9]{1,2})[/.](?P<y>[0-9]{4})")
_WORD_DAY = re.compile(r"(?P<d>[0-9]{1,2})\s+(?P<m>[A-Za-z]{3,9})\.?,?\s+(?P<y>[0-9]{4})")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_TICKED = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
_LISTS = (list, tuple, set, frozenset)


class FieldShape:
    """What a field of a model wants from a form: its plain type, whether it takes nothing, whether it takes several."""

    def __init__(self, annotation: Any) -> None:
        self.takes_nothing, inner = _plain(annotation)
        self.takes_many = get_origin(inner) in _LISTS
        self.kind = _plain(get_args(inner)[0])[1] if self.takes_many else inner
        self.is_secret = self.kind is SecretStr


def shapes(model: type[BaseModel]) -> Mapping[str, FieldShape]:
    """The shape of each field of ``model``, by the name it has in the form."""
    return {field.alias or name: FieldShape(field.annotation) for name, field in model.model_fields.items()}


def value_of(shape: FieldShape, typed: Sequence[str]) -> Any:
    """What the texts ``typed`` under one name mean; an unticked box sends none and means False."""
    if shape.takes_many:
        return [_one(shape.kind, text) for text in typed if text.strip()]
    if shape.kind is bool and not typed:
        return False
    if shape.takes_nothing and not typed[0].strip():
        return None
    return _one(shape.kind, typed[0])


def read_day(text: str) -> date | None:
    """The day that ``text`` spells: 2026-12-12, 12 Dec 2026, 12 December 2026, 12/12/2026 (day first); else None."""
    found = _ISO_DAY.fullmatch(text) or _NUMBER_DAY.fullmatch(text) or _WORD_DAY.fullmatch(text)
    if not found:
        return None
    month = found["m"] if found["m"].isdigit() else _month(found["m"])
    try:
        return date(int(found["y"]), int(month), int(found["d"]))
    except ValueError:
        return None


def _one(kind: Any, text: str) -> Any:
    # A browser sends the line ends of a text area as CR LF, whatever was typed.
    text = text.replace("\r\n", "\n")
    stripped = text.strip()
    if kind is bool:
        return _TICKED.get(stripped.lower(), text)
    if kind is int:
        return int(stripped) if _WHOLE.fullmatch(stripped) else text
    if kind is date:
        day = read_day(stripped)
        return day.isoformat() if day else text
    return text


def _month(word: str) -> int:
    return next((number for number, name in enumerate(_MONTHS, 1) if name.startswith(word.lower())), 0)


def _plain(annotation: Any) -> tuple[bool, Any]:
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        parts = get_args(annotation)
        return NoneType in parts, _plain(next(part for part in parts if part is not NoneType))[1]
    return False, annotation

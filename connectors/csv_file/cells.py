"""From the text of a cell to a fact: dates, moments, words for states. What cannot be told is refused, never guessed.

01/02/2024 is the first of February to some and the second of January to others, so it is refused with a hint.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Final, TypeVar

from connectors.sdk.records import RecordRefused

T = TypeVar("T")
_MONTHS: Final = tuple("january february march april may june july august september october november december".split())
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d.*)?", re.ASCII)
_DAY_FIRST: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]+([a-z]{3,9})\.?[-/., ]+(\d{4})", re.IGNORECASE | re.ASCII
)
_MONTH_FIRST: Final = re.compile(
    r"([a-z]{3,9})\.?[-/. ]+(\d{1,2})(?:st|nd|rd|th)?[-/., ]+(\d{4})", re.IGNORECASE | re.ASCII
)
_EITHER_FIRST: Final = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
_NOTHING: Final = frozenset({"", "-", "–", "—", "n/a", "na", "none", "null", "never", "unknown"})  # noqa: RUF001 - people type dashes
_LONGEST_ID: Final = 200


def as_date(column: str, text: str) -> date | None:
    """The day written in ``text``: yyyy-mm-dd, d mmm yyyy and close spellings; None for nothing."""
    if text.casefold() in _NOTHING:
        return None
    try:
        return _day(text)
    except ValueError:
        reason = "can be read in two ways" if _EITHER_FIRST.match(text) else "is not a date"
        raise RecordRefused(column, f"{reason}; write it as 2024-05-31") from None


def as_moment(column: str, text: str) -> datetime | None:
    """The moment written in ``text`` (ISO 8601, a space for the T, or only a day); without a zone it is UTC."""
    if text.casefold() in _NOTHING:
        return None
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        day = as_date(column, text)
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_word(column: str, text: str, words: Mapping[str, T], default: T) -> T:
    """The meaning of ``text`` among ``words`` (lower case, no spaces or hyphens); ``default`` for nothing."""
    key = re.sub(r"[\s_\-]+", "", text.casefold())
    if key in words:
        return words[key]
    if text.casefold() in _NOTHING:
        return default
    raise RecordRefused(column, "is none of the words known here")


def as_several(text: str) -> list[str]:
    """The parts of a cell that lists several things, separated by ; or , and each once whatever its case."""
    unique: dict[str, str] = {}
    for part in re.split("[;,]", text):
        name = part.strip()
        if name.casefold() not in _NOTHING:
            unique.setdefault(name.casefold(), name)
    return list(unique.values())


def derived_id(*parts: str) -> str:
    """An id from what identifies a row where the file has none: the same whatever the case; "" from nothing."""
    text = " / ".join(part.casefold() for part in parts if part)
    return text if len(text) <= _LONGEST_ID else blake2b(text.encode(errors="replace"), digest_size=20).hexdigest()


def _day(text: str) -> date:
    """Spellings in which the month cannot be mistaken; ``ValueError`` for all others."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.groups()
        return date(int(year), int(month), int(day))
    if found := _DAY_FIRST.fullmatch(text):
        day, name, year = found.groups()
    elif found := _MONTH_FIRST.fullmatch(text):
        name, day, year = found.groups()
    else:
        raise ValueError(text)
    month = next((i for i, known in enumerate(_MONTHS, 1) if known.startswith(name.lower())), 0)
    return date(int(year), month, int(day))

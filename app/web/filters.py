"""How values are written: dates "12 Dec 2026", thousands with commas, unknown "—", zero 0.

Moments are shown in the organisation's time zone, which ``render`` sets for the length of one page.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from app.core.clock import now
from app.core.errors import FieldError

ZONE: ContextVar[tzinfo] = ContextVar("zone", default=UTC)
UNKNOWN = "—"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HUES = 10
# Only where "This" is the field: "This is the last owner" and "This is not your present password" speak of other things.
_THIS = re.compile(
    r"^This(?= (?:is required|is not in the expected|must|needs at least|can have|was sent more than) ?)"
)
_AGES = (  # below this, in this unit
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (timedelta(days=45), timedelta(days=1), "day"),
    (timedelta(days=548), timedelta(days=30), "month"),
    (timedelta.max, timedelta(days=365), "year"),
)


def day(value: date | None, zone: tzinfo | None = None) -> str:
    """12 Dec 2026; a moment's day is judged in the organisation's time zone."""
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime):
        value = value.astimezone(zone or ZONE.get()).date()
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None, zone: tzinfo | None = None) -> str:
    """12 Dec 2026, 09:42, in the organisation's time zone unless another is given."""
    if value is None:
        return UNKNOWN
    local = value.astimezone(zone or ZONE.get())
    return f"{day(local.date())}, {local:%H:%M}"


def second(value: datetime | None) -> str:
    """12 Dec 2026, 09:42:05: a moment of the trail, where two acts within a minute are told apart."""
    if value is None:
        return UNKNOWN
    return f"{moment(value)}:{value:%S}"


def ago(value: date | None) -> str:
    """How long ago, or in how long, in one rounded-down unit: "3 hours ago", "in 2 days", "today"."""
    if value is None:
        return UNKNOWN
    if not isinstance(value, datetime):
        return _between(now().astimezone(ZONE.get()).date() - value, "today")
    return _between(now() - value, "just now")


def _between(age: timedelta, none: str) -> str:
    size = abs(age)
    below = next(row for row in _AGES if size < row[0])
    count = size // below[1]
    if not count:
        return none
    words = f"{count:,} {below[2]}{'s' if count > 1 else ''}"
    return f"{words} ago" if age > timedelta() else f"in {words}"


def number(value: float | None) -> str:
    """1,240; unknown is "—"."""
    return UNKNOWN if value is None else f"{value:,}"


def counted(value: int, one: str, many: str) -> str:
    """A count with its noun: "1 person", "1,240 people"."""
    return f"{value:,} {one if value == 1 else many}"


def size(value: int | None) -> str:
    """A number of bytes in the unit that keeps it short, by thousands: "1.4 MB"."""
    if value is None:
        return UNKNOWN
    amount = float(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":  # noqa: PLR2004 - SI prefixes step by thousands
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 10 else f"{amount:.1f} {unit}"  # noqa: PLR2004
        amount /= 1000
    raise AssertionError


def initials(name: str) -> str:
    """Two letters at most: of the first two words, or of the parts before an e-mail address's @."""
    words = re.findall(r"\w+", name.split("@", 1)[0]) or ["?"]
    return "".join(word[0] for word in words[:2]).upper()


def hue(name: str) -> int:
    """One of ten hues, always the same for a name."""
    return sum(map(ord, name)) % _HUES


def dash(value: Any) -> Any:
    """The value, or "—" where nothing is known; yes and no in words."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return value


def error_of(errors: Iterable[FieldError], field: str) -> str:
    """What is wrong with this field, or ""."""
    return next((error.message for error in errors if error.field == field), "")


def named_in(error: FieldError, fields: str) -> str:
    """The message with the label that the drawn ``fields`` give its field: "This is required." → "Your name is required."."""
    field = re.escape(error.field)
    label = re.search(rf'<label for="field-{field}">([^<]+)|id="field-{field}"[^>]*><legend>([^<]+)', fields)
    if not label:
        return error.message
    name = unescape(label[1] or label[2]).strip()
    return _THIS.sub(lambda _: name, error.message)


def trend(values: Sequence[float]) -> str:
    """The path of a sparkline in a box of 96 by 28."""
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = 96 / (len(values) - 1)
    points = (f"{index * step:.1f} {25 - (value - low) / span * 22:.1f}" for index, value in enumerate(values))
    return "M" + "L".join(points)


def is_web_address(url: str) -> bool:
    """Whether a link may lead there: http or https with a host; never a script."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "day": day,
    "moment": moment,
    "second": second,
    "ago": ago,
    "number": number,
    "counted": counted,
    "bytes": size,
    "initials": initials,
    "hue": hue,
    "dash": dash,
    "error_of": error_of,
    "named_in": named_in,
    "trend": trend,
    "is_web_address": is_web_address,
}

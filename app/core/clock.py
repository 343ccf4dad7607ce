"""The one place that reads the clock, so that tests can move it and nothing is ever naive.

Moments are aware and UTC; plain dates are judged in the organisation's time zone by the caller.
"""

import time
from datetime import UTC, datetime, timedelta

_offset = timedelta()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _offset  # noqa: TID251 - this is app.core.clock


def monotonic() -> float:
    """Seconds on a clock that never goes back; for measuring, not for telling the time."""
    return time.monotonic()


def shift(by: timedelta) -> None:
    """Move the clock of this process; tests only."""
    global _offset  # noqa: PLW0603 - a test moves time for the whole process
    _offset = by

"""How a try to sign in comes out, as values; and the one event that each try becomes.

Values, because an exception would roll the evidence back. ``message`` is the same for every reason that a stranger must
not learn; the reason itself stands in the event alone.
"""

from dataclasses import dataclass, field
from typing import Final

from app.core import audit
from app.core.actor import Actor
from app.core.audit import Event, Outcome, Subject
from app.core.database import Db

NOT_RIGHT: Final = "The e-mail address or the password is not right."
CODE_NOT_RIGHT: Final = "That code is not right, or it was used already. Wait for the next one."
PRESENT_NOT_RIGHT: Final = "This is not your present password."
START_AGAIN: Final = "This sign-in is over. Start again with your password."


@dataclass(frozen=True, slots=True)
class Failed:
    """Not this time. ``message`` is for who tried; ``retry_after`` seconds where they must wait; ``is_over``: start again."""

    message: str
    retry_after: int = 0
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class NeedsSecondFactor:
    """The first factor was right: ``secret`` is the cookie of the second step, ``stage`` says which step it is."""

    secret: str
    stage: str


@dataclass(frozen=True, slots=True)
class Passed:
    """Signed in: ``session`` and ``device`` are cookies; ``recovery_codes`` are shown once, after an enrolment."""

    session: str
    device: str
    next: str
    recovery_codes: tuple[str, ...] = ()


@dataclass(slots=True)
class Try:
    """One try, by whom and with what; ``username`` is the name as typed, as the trail shows it."""

    db: Db
    actor: Actor
    event: Event
    method: str
    username: str = ""
    subject: Subject = field(default=Subject("user"))

    def succeeded(self) -> None:
        """Record that it was right."""
        self._record("success", "")

    def failed(self, reason: str, message: str, *, is_over: bool = False) -> Failed:
        """Record that it was wrong; ``reason`` for the trail, ``message`` for who tried."""
        self._record("failure", reason)
        return Failed(message, is_over=is_over)

    def refused(self, reason: str, seconds: int, message: str = "") -> Failed:
        """Record that it was not looked at, or did not count; they may try again in ``seconds``."""
        self._record("refused", reason)
        minutes = max(1, -(-seconds // 60))
        wait = f"Too many attempts. Wait {minutes} {'minute' if minutes == 1 else 'minutes'}, then try again."
        return Failed(message or wait, retry_after=max(1, seconds))

    def _record(self, outcome: Outcome, reason: str) -> None:
        audit.record(
            self.db, self.actor, self.event, self.subject,
            outcome=outcome, username=self.username, method=self.method, reason=reason,
        )  # fmt: skip

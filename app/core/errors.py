"""Refusals: what the product answers when it will not do something.

One tree, rendered by one handler as ``application/problem+json`` (RFC 9457) or as a page. A ``Refusal`` commits
nothing. An outcome that must be remembered (a failed sign-in) is a return value, never an exception.

    Refusal                 400   says what, where and what to do
    ├── NotSignedIn         401
    ├── NotAllowed          403
    │   └── NotFresh        403   the act needs a factor given in the last minutes
    ├── NotFound            404   also for what exists but is not the actor's to see
    ├── Conflict            409
    ├── TooLarge            413
    ├── Invalid             422   carries one message per field
    ├── TooMany             429   carries the seconds to wait
    └── Unavailable         503
"""

from typing import ClassVar

from msgspec import Struct


class FieldError(Struct, frozen=True):
    """What is wrong with one input: ``field`` is the form or JSON name, dotted when nested."""

    field: str
    message: str


class Refusal(Exception):
    """The request is refused; ``str(refusal)`` is a sentence for the person who asked."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request was refused"

    def __init__(self, message: str, *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class NotSignedIn(Refusal):
    """Nobody is signed in, or the session or key is no longer good."""

    status = 401
    title = "Sign in first"


class NotAllowed(Refusal):
    """The actor is known and lacks the permission."""

    status = 403
    title = "Not allowed"


class NotFresh(NotAllowed):
    """The act needs a factor given in the last minutes; pages lead to the step-up and back."""

    title = "Confirm that it is you"


class NotFound(Refusal):
    """There is no such thing among those that the actor may see."""

    status = 404
    title = "Not found"


class Conflict(Refusal):
    """The change contradicts what is there."""

    status = 409
    title = "Conflict"


class TooLarge(Refusal):
    """The body is larger than this route takes."""

    status = 413
    title = "Too large"


class Invalid(Refusal):
    """One or more inputs are wrong; ``fields`` says which and why."""

    status = 422
    title = "There is a problem"

    @classmethod
    def field(cls, name: str, message: str) -> "Invalid":
        """Refuse because of one field."""
        return cls(message, fields=(FieldError(name, message),))


class TooMany(Refusal):
    """Slow down; ``retry_after`` is in seconds."""

    status = 429
    title = "Too many requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(Refusal):
    """Something this needs is down; nothing was changed."""

    status = 503
    title = "Not available right now"


class StartRefused(Exception):
    """The process cannot start; the message is one sentence that names the cause. Exit code 2."""

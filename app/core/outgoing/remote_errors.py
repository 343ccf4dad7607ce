"""How a call to another system fails: each error is named by what to do about it.

Their sentences name a host and a rule and nothing else, so they may be shown and logged: no header, no query, no body.
"""

from typing import ClassVar

from app.core.errors import Refusal


class AddressRefused(Refusal):
    """The address breaks one of our rules and nothing was sent (or a redirect was not followed). Change the address.

    ``rule`` is one of scheme, port, spelling, credentials, internal, never, redirect, header.
    """

    status = 422
    title = "That address is not allowed"
    is_loggable: ClassVar[bool] = True

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class CallFailed(Refusal):
    """The address is allowed, the call did not end well."""

    status = 502
    title = "The other system did not answer"
    is_loggable: ClassVar[bool] = True


class NotReachable(CallFailed):
    """No such name, no connection, a certificate that does not fit, or an answer that is not HTTP. Try again later."""


class TooBig(CallFailed):
    """The answer is larger than we take, as sent or once unpacked. Ask for smaller pages."""

    title = "The other system's answer is too large"


class TooSlow(CallFailed):
    """The connection or the whole answer took longer than we wait. Try again later."""

    title = "The other system is too slow"

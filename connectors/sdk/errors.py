"""What can go wrong with another system, named by what to do next.

Messages are sentences for the person who looks after the connection; they hold no secret and no personal fact.

    ConnectorError
    ├── NeedsPerson             trying again changes nothing: a person must act
    │   ├── ConfigurationError    change the connection's settings
    │   ├── CredentialRefused     enter a new token or password
    │   └── PermissionMissing     have the other system's administrator permit it
    ├── TryLater                the same request may succeed later
    │   ├── NotReachable          no connection, or the other system is down
    │   │   └── TooSlow             no answer in time
    │   └── RateLimited           carries the seconds to wait
    └── BrokenAnswer            the other system is wrong: nothing may be concluded from it
"""


class ConnectorError(Exception):
    """Something is wrong between us and the other system; ``message`` says what and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NeedsPerson(ConnectorError):
    """Trying again changes nothing: a person must act."""


class ConfigurationError(NeedsPerson):
    """The connection's settings are wrong."""


class CredentialRefused(NeedsPerson):
    """The other system does not accept the token or password (401)."""


class PermissionMissing(NeedsPerson):
    """The other system knows us and does not let us read this (403)."""


class TryLater(ConnectorError):
    """The same request may succeed later; ``retry_after`` is in seconds, None when nobody said."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotReachable(TryLater):
    """No connection, no answer in time, or the other system says that it is down (5xx)."""


class TooSlow(NotReachable):
    """No answer in time: whoever asks again waits as long again."""


class RateLimited(TryLater):
    """The other system asks us to slow down (429)."""


class BrokenAnswer(ConnectorError):
    """The answer makes no sense, so nothing may be concluded from it, least of all that somebody is gone."""

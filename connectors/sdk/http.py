"""What a connector may ask of the network: one method, supplied by whoever runs it.

The supplier guards addresses, time-outs and sizes, follows no redirect, and raises ``NotReachable`` when no answer comes
(``TooSlow`` when none came in time) and ``ConfigurationError`` when the address may not be asked. Everything else is an
answer, whatever its status.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from msgspec import Struct
from typing_extensions import override

from connectors.sdk.redaction import shown

MOST_BYTES: Final = 50 * 1024 * 1024


class Response(Struct, frozen=True):
    """One answer, its body whole. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @override
    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class Http(Protocol):
    """Sends one request and returns its answer; see the module's rules for what it raises."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: object = None,
        timeout: float | None = None,
    ) -> Response:
        """Send ``json`` encoded as JSON; ``timeout`` in seconds, None for the supplier's own."""
        ...


def address(url: str) -> str:
    """``url`` as it may be shown: without query, fragment and credentials, at most 120 characters."""
    parts = urlsplit(url)
    return shown(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", 120)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what must agree for two addresses to be the same server's (RFC 6454)."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower())
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


def retry_after(response: Response, now: float) -> float | None:
    """Seconds the answer asks us to wait (RFC 9110 §10.2.3: seconds or a date), None when it does not say.

    ``now`` is in seconds since 1970.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None

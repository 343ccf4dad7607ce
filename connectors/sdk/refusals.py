"""Every answer that is not a good one, turned into the error that names what to do about it."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec import DecodeError, Struct, json

from connectors.sdk.errors import (
    BrokenAnswer,
    ConfigurationError,
    ConnectorError,
    CredentialRefused,
    NotReachable,
    PermissionMissing,
    RateLimited,
)
from connectors.sdk.http import Response, address, retry_after
from connectors.sdk.redaction import Secret, scrub, shown

_ABSENT: Final = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)


class _Said(Struct):
    """Where APIs put their explanation: RFC 7644 §3.12 and RFC 9457 say ``detail``."""

    detail: object = None
    message: object = None
    error_description: object = None


def is_good(response: Response) -> bool:
    """Whether the status promises an answer (2xx)."""
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def refusal(response: Response, url: str, *, needs: str, secrets: Iterable[Secret], now: float) -> ConnectorError:
    """The error for an answer of ``url`` that is not good.

    ``needs`` says in a few words what must be permitted; ``secrets`` are taken out of what the other system says;
    ``now`` is in seconds since 1970.
    """
    if response.status < HTTPStatus.BAD_REQUEST:
        return _redirect(response, url)
    if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return _not_admitted(response, url, needs)
    if response.status in _ABSENT:
        return ConfigurationError(f"{address(url)} does not exist: {response.status}. Check the address.")
    return _trouble(response, url, secrets, now)


def _redirect(response: Response, url: str) -> ConnectorError:
    try:
        target = address(urljoin(url, response.headers.get("location", "")))
    except ValueError:
        target = "an address that makes no sense"
    return ConfigurationError(
        f"{address(url)} redirects to {target}: {response.status}. If that address is right, enter it; "
        "a redirect is not followed, because the token would go with it."
    )


def _not_admitted(response: Response, url: str, needs: str) -> ConnectorError:
    where, host = address(url), urlsplit(url).hostname
    if response.status == HTTPStatus.UNAUTHORIZED:
        return CredentialRefused(
            f"The token was refused by {where}: 401. Ask the administrator of {host} for a new one and enter it."
        )
    return PermissionMissing(
        f"The token may not {needs or 'read this'} at {where}: 403. Ask the administrator of {host} to permit it."
    )


def _trouble(response: Response, url: str, secrets: Iterable[Secret], now: float) -> ConnectorError:
    where, wait = address(url), retry_after(response, now)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(f"{where} asks us to slow down: 429.", retry_after=wait)
    detail = _detail(response, secrets)
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotReachable(f"{where} is in trouble: {response.status}{detail}.", retry_after=wait)
    return BrokenAnswer(f"{where} did not accept the request: {response.status}{detail}.")


def _detail(response: Response, secrets: Iterable[Secret]) -> str:
    """What the other system says about it, if it says so in JSON: one short line without our secrets."""
    try:
        said = json.decode(response.body, type=_Said)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    text = next((text for text in (said.detail, said.message, said.error_description) if isinstance(text, str)), "")
    return f" ({shown(scrub(text, secrets), 200)})" if text else ""

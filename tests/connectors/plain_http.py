"""The SDK's network protocol over httpx2, without the guard that the app puts around it."""

from collections.abc import Mapping

import httpx2

from connectors.sdk.errors import NotReachable, TooSlow
from connectors.sdk.http import Response


class PlainHttp:
    """Sends what it is told to; for tests against loopback."""

    def __init__(self, *, timeout: float = 30) -> None:
        self._client = httpx2.Client(follow_redirects=False, timeout=timeout, trust_env=False)

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
        try:
            answer = self._client.request(method, url, headers=headers, params=params, json=json)
        except httpx2.TimeoutException:
            raise TooSlow(f"{url} did not answer in time.") from None
        except httpx2.TransportError as error:
            raise NotReachable(f"No answer from {url}: {type(error).__name__}.") from None
        return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    def close(self) -> None:
        self._client.close()

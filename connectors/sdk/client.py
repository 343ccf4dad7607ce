"""How a connector reads another system's API: retries, named errors, typed answers, and one host only.

Only GET is sent, and retried after 429 (as long as Retry-After says), after 5xx and when no answer came. Others wait for
the worker meanwhile, so what takes long is left to a later time, when the sync is resumed from its last page: a wait of
more than a few seconds, which the error carries, and a server that has taken its time twice without a good answer.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

from typing_extensions import override

from connectors.sdk.decoding import decode
from connectors.sdk.errors import BrokenAnswer, ConfigurationError, TooSlow, TryLater
from connectors.sdk.http import MOST_BYTES, Http, Response, address, origin
from connectors.sdk.redaction import Secret
from connectors.sdk.refusals import is_good, refusal

T = TypeVar("T")
PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
LONGEST_WAIT: Final = 10.0
SLOW_SECONDS: Final = 10.0
SLOW_TRIES: Final = 2


class Client:
    """What a connector gets to speak through; ``sleep`` may raise to stop the sync.

    ``timeout`` is for one request, in seconds; None for the supplier's own.
    """

    def __init__(
        self,
        http: Http,
        *,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.time,
        timeout: float | None = None,
    ) -> None:
        self.http = http
        self.sleep = sleep
        self.clock = clock
        self.timeout = timeout

    def api(self, base_url: str, *, bearer: Secret | None = None, headers: Mapping[str, Secret] | None = None) -> "Api":
        """The API under ``base_url``; ``bearer`` (RFC 6750) and ``headers`` go with every request."""
        secrets = dict(headers or {})
        if bearer is not None:
            secrets["Authorization"] = Secret(f"Bearer {bearer.reveal()}")
        known = (*secrets.values(), *([bearer] if bearer else ()))
        return Api(self, base_url.rstrip("/") + "/", secrets, known)


class Api:
    """One API of one host. No request leaves that host, whatever an answer says."""

    def __init__(
        self, client: Client, base_url: str, headers: Mapping[str, Secret], secrets: tuple[Secret, ...]
    ) -> None:
        self._client = client
        self._base_url = base_url
        self._secrets = secrets
        self._headers = {"Accept": "application/json, application/scim+json;q=0.9"}
        for name, secret in headers.items():
            value = secret.reveal()
            if not (value.isascii() and value.isprintable()):
                raise ConfigurationError("The token holds characters that no token has. Copy it again, whole.")
            self._headers[name] = value

    @override
    def __repr__(self) -> str:
        return f"Api({address(self._base_url)})"

    def get(self, path: str, into: type[T], *, params: Mapping[str, str] | None = None, needs: str = "") -> T:
        """The JSON answer of ``path`` below the base address, as ``into``.

        ``needs`` says in a few words what must be permitted ("read all users"); it is shown when it is not.
        """
        url = self._base_url + path.lstrip("/")
        return self._read(self._answer(url, params, needs), into, url)

    def follow(self, link: str, into: type[T], *, needs: str = "") -> T:
        """The JSON answer of a link that the API itself gave, relative or whole; refused when it leaves the host."""
        url = self.link(link)
        return self._read(self._answer(url, None, needs), into, url)

    def link(self, link: str) -> str:
        """``link`` as a whole address on this API's host, or ``BrokenAnswer``."""
        try:
            url = urljoin(self._base_url, link)
            if origin(url) == origin(self._base_url) and not urlsplit(url).username:
                return url
        except ValueError:
            pass
        raise BrokenAnswer(f"{address(self._base_url)} points to another server for its next page. Not followed.")

    def _answer(self, url: str, params: Mapping[str, str] | None, needs: str) -> Response:
        """The first good answer, retried as the module says."""
        slow = 0
        for pause in PAUSES:
            began = self._client.clock()
            try:
                return self._ask(url, params, needs)
            except TryLater as error:
                wait = pause if error.retry_after is None else error.retry_after
                slow += isinstance(error, TooSlow) or self._client.clock() - began > SLOW_SECONDS
                if wait > LONGEST_WAIT or slow == SLOW_TRIES:
                    raise
            self._client.sleep(wait)
        return self._ask(url, params, needs)

    def _ask(self, url: str, params: Mapping[str, str] | None, needs: str) -> Response:
        """One request and its good answer; every other outcome is raised."""
        response = self._client.http.request(
            "GET", url, headers=self._headers, params=params, timeout=self._client.timeout
        )
        if is_good(response):
            return response
        raise refusal(response, url, needs=needs, secrets=self._secrets, now=self._client.clock())

    def _read(self, response: Response, into: type[T], url: str) -> T:
        where, kind = address(url), response.headers.get("content-type", "").lower()
        if len(response.body) > MOST_BYTES:
            raise BrokenAnswer(f"The answer of {where} is larger than 50 MB.")
        if "html" in kind or response.body[:200].lstrip()[:1] == b"<":
            raise BrokenAnswer(
                f"{where} answered with a web page instead of data. "
                "Check that the address is the one of the API and not of the website."
            )
        if not response.body:
            raise BrokenAnswer(f"The answer of {where} is empty ({response.status}).")
        return decode(response.body, into, where)

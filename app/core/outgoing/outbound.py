"""The only HTTP client that may leave the building: guarded addresses, no redirects, hard limits, nothing leaked.

A redirect, a slow drip, a compressed bomb and a name that changes its mind are refused rather than followed. Proxies
in the environment are ignored. Headers, queries and bodies are in no error, representation or log line.
"""

import re
import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import httpcore2
import httpx2
import msgspec
from typing_extensions import override

from app.core import logs
from app.core.clock import monotonic
from app.core.outgoing.destinations import DEFAULT_PORT, Destination, Destinations
from app.core.outgoing.dialing import CONNECT_SECONDS, Dialer, Resolver, deadline, lookup, remaining
from app.core.outgoing.remote_errors import AddressRefused, CallFailed, NotReachable, TooBig, TooSlow

__all__ = ["AddressRefused", "Answer", "CallFailed", "NotReachable", "Outbound", "TooBig", "TooSlow"]

TOTAL_SECONDS = 60.0
MAX_BYTES = 50 * 1024 * 1024
_PIECE = 1024 * 1024
_REDIRECTS = {300, 301, 302, 303, 305, 307, 308}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"([!-~]([ -~]*[!-~])?)?")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te", "upgrade", "expect"}
_METHOD = re.compile(r"[A-Z]{3,10}")
_HOST_SHOWN = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_log = logs.get(__name__)


class Answer(msgspec.Struct, frozen=True):
    """What the other system answered: any status but a redirect, the body unpacked and at most 50 MB."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @override
    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


class Outbound:
    """A guarded client; share one per run, from any number of threads, so that connections are kept and reused.

    ``allowed_internal_hosts`` is the operator's list (``host`` or ``host:port``). ``resolver`` answers all addresses of
    (host, port); ``trust`` replaces the system's certificate authorities; ``patience`` is how many seconds a call may take.
    """

    def __init__(
        self,
        allowed_internal_hosts: Sequence[str],
        resolver: Resolver = lookup,
        *,
        trust: ssl.SSLContext | None = None,
        patience: float = TOTAL_SECONDS,
    ) -> None:
        self._patience = patience
        self._destinations = Destinations(allowed_internal_hosts)
        self._dialer = Dialer(self._destinations, resolver)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trust or httpcore2.default_ssl_context(),
            max_connections=64,
            max_keepalive_connections=16,
            keepalive_expiry=30,
            network_backend=self._dialer,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()

    def check(self, url: str) -> None:
        """Refuse an address that another library is about to call. It may look the name up again: pin where you can."""
        destination = self._destinations.read(url)
        self._dialer.resolve(destination.host, destination.port)

    def request(  # noqa: PLR0913 - the shape of the connectors' Http protocol
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        content: bytes | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, within ``timeout`` seconds (no more than ``patience``).

        ``json`` is encoded as application/json unless ``headers`` names another type. Refuses with AddressRefused
        (nothing sent, or a redirect not followed), NotReachable, TooSlow, TooBig. Every other status is an answer.
        """
        host = "the other system"
        token = deadline.set(monotonic() + min(self._patience if timeout is None else timeout, self._patience))
        try:
            destination = self._destinations.read(_with_params(url, params))
            host = destination.host
            body = msgspec.json.encode(json) if json is not None else content
            answer = self._exchange(_request(method, destination, _headers(destination, headers, body, json), body))
        except AddressRefused as refused:
            _log.warning("outbound.refused", host=host, rule=refused.rule)
            raise
        except httpcore2.TimeoutException:
            failure: CallFailed = TooSlow(f"{host} did not answer in time.")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError) as error:
            failure = NotReachable(_unreachable(host, error))
        else:
            _log.debug("outbound.answered", host=host, method=method, status=answer.status, bytes=len(answer.body))
            return answer
        finally:
            deadline.reset(token)
        raise failure  # outside the except clause: the library's error, which may quote us, is not its context

    def _exchange(self, request: httpcore2.Request) -> Answer:
        response = self._pool.handle_request(request)
        try:
            headers = httpx2.Headers(response.headers)
            if response.status in _REDIRECTS:
                raise AddressRefused(f"It redirects to {_target(headers)}. Enter that address itself.", rule="redirect")
            if int(headers.get("content-length", 0)) > MAX_BYTES:
                raise TooBig(f"The answer is larger than {MAX_BYTES >> 20} MB.")
            body = b"".join(_limited(_unpacked(_limited(response.iter_stream()), headers)))
            return Answer(response.status, headers, body)
        finally:
            response.close()


def _with_params(url: str, params: Mapping[str, str | int] | None) -> str:
    if not params:
        return url
    address, _, _ = url.partition("#")
    return address + ("&" if "?" in address else "?") + urlencode(params)


def _headers(
    destination: Destination, given: Mapping[str, str] | None, body: bytes | None, json: Any
) -> list[tuple[bytes, bytes]]:
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    is_default = destination.port == DEFAULT_PORT[destination.scheme]
    merged = {
        "host": host if is_default else f"{host}:{destination.port}",
        "user-agent": "Stackwarden",
        "accept": "*/*",
        "accept-encoding": "gzip",
    }
    if json is not None:
        merged["content-type"] = "application/json"
    if body is not None:
        merged["content-length"] = str(len(body))
    for name, value in (given or {}).items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS or not _HEADER_VALUE.fullmatch(value):
            shown = name if _HEADER_NAME.fullmatch(name) else "given"
            raise AddressRefused(f"The header {shown} cannot be sent: check it for stray characters.", rule="header")
        merged[name.lower()] = value
    return [(name.title().encode("ascii"), value.encode("ascii")) for name, value in merged.items()]


def _request(
    method: str, destination: Destination, headers: list[tuple[bytes, bytes]], body: bytes | None
) -> httpcore2.Request:
    if not _METHOD.fullmatch(method):
        raise AddressRefused("That is not an HTTP method.", rule="header")
    url = httpcore2.URL(
        scheme=destination.scheme.encode(),
        host=destination.host.encode(),
        port=destination.port,
        target=destination.target,
    )
    limits = {"connect": min(CONNECT_SECONDS, remaining()), "pool": remaining()}
    return httpcore2.Request(method, url, headers=headers, content=body, extensions={"timeout": limits})


def _limited(chunks: Iterable[bytes]) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > MAX_BYTES:
            raise TooBig(f"The answer is larger than {MAX_BYTES >> 20} MB.")
        yield chunk


def _unpacked(chunks: Iterator[bytes], headers: httpx2.Headers) -> Iterator[bytes]:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"identity", ""}:
        yield from chunks
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise NotReachable("The answer is packed in a way that was not asked for.")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for chunk in chunks:
            yield unpacker.decompress(chunk, _PIECE)
            while unpacker.unconsumed_tail:
                yield unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
    except zlib.error:
        raise NotReachable("The answer is damaged: it cannot be unpacked.") from None
    if not unpacker.eof:
        raise NotReachable("The answer is damaged: it ends early.")


def _target(headers: httpx2.Headers) -> str:
    try:
        host = urlsplit(headers.get("location", "")).hostname or "another page of the same host"
    except ValueError:
        host = ""
    return host if host.startswith("another") or _HOST_SHOWN.fullmatch(host) else "an address that cannot be read"


def _unreachable(host: str, error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate of {host} is not valid: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            return f"{host} does not speak TLS as we need it (1.2 or later)."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ProtocolError):
        return f"{host} broke off or did not answer in HTTP."
    return f"{host} could not be reached."

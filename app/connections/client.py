"""The connectors' view of the network: our guarded client, its refusals named as the connectors name them."""

from collections.abc import Callable, Mapping
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, TypeVar

from app.core import clock
from connectors.sdk.client import Client
from connectors.sdk.errors import BrokenAnswer, ConfigurationError, NotReachable, TooSlow
from connectors.sdk.http import Response

if TYPE_CHECKING:
    from app.core.outgoing.outbound import Outbound

T = TypeVar("T")
_STEP: Final = 0.5


class Stopped(Exception):
    """The run is asked to stop while it waits for the other system."""


class GuardedHttp:
    """``connectors.sdk.http.Http`` over ``core.outgoing.outbound``: the address guard, time-outs and size limits are its.

    While the other system makes us wait it looks every half second whether to stop (``Stopped``).
    """

    def __init__(self, outbound: "Outbound", should_stop: Callable[[], bool]) -> None:
        self._outbound = outbound
        self._should_stop = should_stop

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
        """Send one request; raises the connectors' errors for what is not an answer."""
        from app.core.outgoing import outbound  # noqa: PLC0415 - only a worker calls anybody

        def ask() -> outbound.Answer:
            return self._outbound.request(method, url, headers=headers, params=params, json=json, timeout=timeout)

        try:
            answer = _watched(ask, self._should_stop)
        except outbound.AddressRefused as refused:
            raise ConfigurationError(refused.message) from None
        except outbound.TooBig as big:
            raise BrokenAnswer(big.message) from None
        except outbound.TooSlow as slow:
            raise TooSlow(slow.message) from None
        except outbound.CallFailed as failed:
            raise NotReachable(failed.message) from None
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body)


def client(
    outbound: "Outbound",
    should_stop: Callable[[], bool],
    pause: Callable[[float], object],
    *,
    timeout: float | None = None,
) -> Client:
    """The client of one run; while it waits, for an answer or to try again, it looks whether to stop (``Stopped``)."""

    def sleep(seconds: float) -> None:
        until = clock.monotonic() + seconds
        while (left := until - clock.monotonic()) > 0:
            if should_stop():
                raise Stopped
            pause(min(left, _STEP))

    http = GuardedHttp(outbound, should_stop)
    return Client(http, sleep=sleep, clock=lambda: clock.now().timestamp(), timeout=timeout)


def _watched(ask: Callable[[], T], should_stop: Callable[[], bool]) -> T:
    """What ``ask`` gives or raises; ``Stopped`` when asked to stop before.

    A call that hangs, in a look-up or a handshake, hears nothing, hence the thread. It is left to its own time limit.
    """
    answers: SimpleQueue[T | Exception] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            answers.put(error)

    Thread(target=copy_context().run, args=(run,), daemon=True, name="call").start()
    while True:
        try:
            found = answers.get(timeout=_STEP)
        except Empty:
            if should_stop():
                raise Stopped from None
            continue
        if isinstance(found, Exception):
            raise found
        return found

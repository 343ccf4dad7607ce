"""The connectors' view of the network: our guarded client, its refusals named as the connectors name them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from app.core import clock
from connectors.sdk.client import Client
from connectors.sdk.errors import BrokenAnswer, ConfigurationError, NotReachable
from connectors.sdk.http import Response

if TYPE_CHECKING:
    from app.core.outbound import Outbound

_STEP: Final = 0.5


class Stopped(Exception):
    """The run is asked to stop while it waits for the other system."""


class GuardedHttp:
    """``connectors.sdk.http.Http`` over ``core.outbound``: the address guard, time-outs and size limits are its."""

    def __init__(self, outbound: "Outbound") -> None:
        self._outbound = outbound

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
        from app.core.outbound import AddressRefused, CallFailed, TooBig  # noqa: PLC0415 - only a worker calls anybody

        try:
            answer = self._outbound.request(method, url, headers=headers, params=params, json=json, timeout=timeout)
        except AddressRefused as refused:
            raise ConfigurationError(refused.message) from None
        except TooBig as big:
            raise BrokenAnswer(big.message) from None
        except CallFailed as failed:
            raise NotReachable(failed.message) from None
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body)


def client(outbound: "Outbound", should_stop: Callable[[], bool], pause: Callable[[float], object]) -> Client:
    """The client of one run; while it waits to try again it looks every half second whether to stop (``Stopped``)."""

    def sleep(seconds: float) -> None:
        until = clock.monotonic() + seconds
        while (left := until - clock.monotonic()) > 0:
            if should_stop():
                raise Stopped
            pause(min(left, _STEP))

    return Client(GuardedHttp(outbound), sleep=sleep, clock=lambda: clock.now().timestamp())

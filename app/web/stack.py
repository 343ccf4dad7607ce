"""What every request passes through before the application, in this order, and why in this order.

Headers first, so that every answer has them; then the id and the last net; then who is calling; then the refusals, cheapest
first, so that nothing is read or parsed for a request that is refused anyway.
"""

from collections.abc import Mapping

from starlette.middleware import Middleware

from app.core.settings import Settings
from app.web.ambiguity import Ambiguity
from app.web.body_limit import DEFAULT_BYTES, BodyLimit
from app.web.client_address import ClientAddress
from app.web.cross_origin import CrossOrigin
from app.web.headers import SecurityHeaders
from app.web.request_id import RequestId


def middleware(settings: Settings, larger: Mapping[str, int] | None = None) -> list[Middleware]:
    """The middlewares for ``FastAPI(middleware=…)``; ``larger`` maps the beginning of an upload's path to its bytes."""
    return [
        Middleware(SecurityHeaders, settings.origin),
        Middleware(RequestId),
        Middleware(ClientAddress, settings.trusted_proxies),
        Middleware(Ambiguity, settings.origin),
        Middleware(CrossOrigin, settings.origin),
        Middleware(BodyLimit, DEFAULT_BYTES, larger),
    ]

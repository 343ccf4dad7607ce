"""The security headers of every answer. What a response sets itself stands: a stricter policy for a download or token page.

Everything the browser loads is ours, so the content policy names no other host and no inline script (ASVS 3.4).
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OFF = "accelerometer camera display-capture geolocation gyroscope magnetometer microphone midi payment usb".split()
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
}
_TWO_YEARS = "max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """``origin`` is the address people use; by https it is remembered for two years. ``static`` may be cached."""

    def __init__(self, app: ASGIApp, origin: str, static: str = "/static/") -> None:
        self.app = app
        self.static = static
        self.headers = dict(_HEADERS)
        if origin.startswith("https://"):
            self.headers["Strict-Transport-Security"] = _TWO_YEARS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(self.static):
                    headers.setdefault("Cache-Control", "no-store")
                del headers["Server"]
            await send(message)

        await self.app(scope, receive, send_with_headers)

"""One sentence carried over a redirect: "Session ended." on the page that follows the act.

It travels in a ``__Host-`` cookie, which no other site or subdomain can set, and is shown once, as text.
"""

from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import Response

COOKIE = "__Host-said"
_LONGEST = 300
_SECONDS = 30


def say(response: Response, text: str) -> None:
    """Show ``text`` on the next whole page."""
    response.set_cookie(
        COOKIE, quote(text[:_LONGEST]), max_age=_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )


def read(request: Request) -> tuple[str, ...]:
    """What the act before this page said, if anything."""
    text = unquote(request.cookies.get(COOKIE, ""))[:_LONGEST]
    return (text,) if text else ()


def clear(response: Response) -> None:
    """It has been shown."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")

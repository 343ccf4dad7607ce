"""The example pages on an application of their own, with the headers that the product sends and an actor who may all.

A search for "boom" fails as the product fails; one for "gone" is answered as if the session had ended.
"""

from datetime import UTC

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.actor import Actor
from app.core.permissions import Permission
from app.web import components_page, theme
from app.web.headers import SecurityHeaders
from app.web.problem_page import problem_page
from app.web.shell import Surroundings
from app.web.static_files import PREFIX, static_files

ADA = Actor("user", "ada.byron@marlowfinch.example", permissions=frozenset(Permission))
PAGES = ("", "/list", "/record", "/form", "/settings", "/sign-in", "/wizard", "/problem")


class SignedIn:
    """Makes Ada the actor, and a part of the site fail."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["actor"] = ADA
        answer: ASGIApp = self.app
        if scope["type"] != "http":
            pass
        elif b"q=boom" in scope["query_string"]:
            answer = problem_page(Request(scope, receive), 500, error_id="0198c1d2")
        elif b"q=gone" in scope["query_string"]:
            answer = RedirectResponse("/dev/components/sign-in", 303)
        await answer(scope, receive, send)


def surroundings(request: Request) -> Surroundings:
    return Surroundings("0.1.0", "Marlow & Finch", UTC, "Demonstration: everything here is invented.")


def example_app() -> FastAPI:
    made = FastAPI(openapi_url=None)
    made.state.shell = surroundings
    made.include_router(components_page.router())
    made.include_router(theme.router)
    made.mount(PREFIX, static_files())
    made.add_middleware(SignedIn)
    made.add_middleware(SecurityHeaders, origin="http://127.0.0.1")
    return made

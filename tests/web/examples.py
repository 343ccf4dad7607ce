"""The example pages on an application of their own, with the headers that the product sends and an actor who may all.

A search for "boom" fails as the product fails; one for "gone" is answered as if the session had ended.
"""

from datetime import UTC

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.actor import Actor
from app.core.permissions import Permission
from app.web import components_page, theme
from app.web.problem_page import problem_page
from app.web.shell import Surroundings
from app.web.static_files import PREFIX, static_files

ADA = Actor("user", "ada.byron@marlowfinch.example", permissions=frozenset(Permission))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = ("", "/list", "/record", "/form", "/settings", "/sign-in", "/wizard", "/problem")


class Frame:
    """Signs Ada in and adds the policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["actor"] = ADA

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        query = scope["query_string"]
        request = Request(scope, receive)
        if b"q=boom" in query:
            await problem_page(request, 500, error_id="0198c1d2")(scope, receive, answer)
        elif b"q=gone" in query:
            await RedirectResponse("/dev/components/sign-in", 303)(scope, receive, answer)
        else:
            await self.app(scope, receive, answer)


def surroundings(request: Request) -> Surroundings:
    return Surroundings("0.1.0", "Marlow & Finch", UTC, "Demonstration: everything here is invented.")


def example_app() -> FastAPI:
    made = FastAPI(openapi_url=None)
    made.state.shell = surroundings
    made.include_router(components_page.router())
    made.include_router(theme.router)
    made.mount(PREFIX, static_files())
    made.add_middleware(Frame)
    return made

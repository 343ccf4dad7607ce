"""The example pages on an application of their own, with the headers that the product sends and an actor who may all."""

from datetime import UTC

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.actor import Actor
from app.core.permissions import Permission
from app.web import components_page, theme
from app.web.shell import Surroundings
from app.web.static_files import PREFIX, static_files

ADA = Actor("user", "ada.byron@marlowfinch.example", permissions=frozenset(Permission))
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Frame:
    """Signs Ada in and adds the policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "stranger" not in scope["query_string"].decode():
            scope.setdefault("state", {})["actor"] = ADA

        async def answer(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self.app(scope, receive, answer)


def example_app() -> FastAPI:
    made = FastAPI(openapi_url=None)
    made.state.shell = lambda request: Surroundings("0.1.0", "Marlow & Finch", UTC, "")
    made.include_router(components_page.router())
    made.include_router(theme.router)
    made.mount(PREFIX, static_files())
    made.add_middleware(Frame)
    return made

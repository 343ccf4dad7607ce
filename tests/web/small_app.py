"""A small application behind all our middlewares, and its log."""

import io
import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from app.core.settings import Settings
from app.web import problems
from app.web.stack import middleware

HOME = "http://127.0.0.1:8440"
ABROAD = "https://wardens.example.com"
COOKIE = {"Cookie": "__Host-session=abc"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def application(origin: str = HOME, **settings: Any) -> FastAPI:
    chosen = Settings.model_construct(
        public_url=origin, trusted_proxies=settings.pop("trusted_proxies", ()), **settings
    )
    app = FastAPI(middleware=middleware(chosen, {"/uploads": 3000, "/uploads/large": 5000}), openapi_url=None)
    problems.install(app)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def anything(request: Request) -> Response:
        body = await request.body()
        if "boom" in request.url.path:
            raise ValueError("canary")
        return PlainTextResponse(f"{request.method} {len(body)} {request.state.client_ip} {request.url}")

    return app


def client(origin: str = HOME, **settings: Any) -> TestClient:
    return TestClient(application(origin, **settings), base_url=origin, client=("192.0.2.7", 5000))


def lines(log: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]

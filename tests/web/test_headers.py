"""Every answer has the security headers, refusals and failures included."""

import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.core.settings import Settings
from app.web.stack import middleware
from tests.web.small_app import ABROAD, COOKIE, FORM, HOME, client


@pytest.mark.parametrize(("path", "status"), [("/x", 200), ("/boom", 500)])
def test_every_answer_has_the_security_headers(path: str, status: int) -> None:
    for origin in (HOME, ABROAD):
        answer = client(origin).get(path, headers={"Host": "evil"} if status == 421 else {})
        assert answer.status_code == status
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
        expected = "max-age=63072000; includeSubDomains" if origin == ABROAD else None
        assert answer.headers.get("Strict-Transport-Security") == expected


def test_refusals_have_the_security_headers_as_well() -> None:
    refused = [
        client().get("/x", headers={"Host": "evil"}),
        client().post("/x", headers=COOKIE),
        client().post("/uploads", content=b"a" * 4000, headers=FORM),
    ]
    assert [answer.status_code for answer in refused] == [421, 403, 413]
    for answer in refused:
        assert "Content-Security-Policy" in answer.headers
        assert "X-Request-Id" in answer.headers
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_response_may_set_its_own_policy_and_static_files_their_caching() -> None:
    app = FastAPI(
        middleware=[
            Middleware(entry.cls, *entry.args) for entry in middleware(Settings.model_construct(public_url=HOME))
        ]
    )
    own = {"Referrer-Policy": "no-referrer", "Content-Security-Policy": "sandbox", "Server": "secret/1.0"}

    @app.get("/token")
    def token() -> Response:
        return Response(headers=own)

    @app.get("/static/x.css")
    def static() -> Response:
        return Response()

    mine = TestClient(app, base_url=HOME)
    answer = mine.get("/token")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert "Server" not in answer.headers
    assert "Cache-Control" not in mine.get("/static/x.css").headers
    assert mine.get("/settings/static/x.css").headers["Cache-Control"] == "no-store"

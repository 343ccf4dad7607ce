"""Each request has an id of ours, one line in the log, and an answer even when ours failed."""

import io
import json
from collections.abc import Iterator
from uuid import UUID

import pytest
import structlog

from app.core import logs
from tests.web.small_app import client, lines


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    structlog.reset_defaults()  # whatever was configured before
    structlog.contextvars.clear_contextvars()
    written = io.BytesIO()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, logs._failure, logs._clean, logs._ecs, logs._as_json],
        logger_factory=lambda *_: logs._Lines(written),
        cache_logger_on_first_use=False,
    )
    yield written
    structlog.reset_defaults()


def test_an_id_that_a_stranger_sends_is_ignored(log: io.BytesIO) -> None:
    answer = client().get("/x", headers={"X-Request-Id": "forged", "X-Correlation-Id": "forged"})
    assert UUID(answer.headers["X-Request-Id"]).version == 7
    (line,) = lines(log)
    assert line["trace.id"] == answer.headers["X-Request-Id"]


def test_one_line_per_request_without_its_query_or_a_token_in_its_path(log: io.BytesIO) -> None:
    secret = "canary" * 8
    client().get(f"/set-up/{secret}/x/0190aaaa-0000-7000-8000-000000000001?code={secret}&q=anna@corp.local")
    client().get("/healthz")
    client().post("/x", headers={"Host": "evil.example"})
    first, second = lines(log)
    assert "canary" not in json.dumps(first)
    assert first["url.path"] == "/set-up/[redacted]/x/0190aaaa-0000-7000-8000-000000000001"
    assert (first["http.request.method"], first["http.response.status_code"], first["client.ip"]) == (
        "GET",
        200,
        "192.0.2.7",
    )
    assert second["http.response.status_code"] == 421


def test_a_failure_of_ours_is_answered_with_its_id_only_and_logged_without_its_message(log: io.BytesIO) -> None:
    for accept in ("application/json", "text/html"):
        answer = client().get("/boom", headers={"Accept": accept})
        assert answer.status_code == 500
        assert "canary" not in answer.text
        assert "ValueError" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert b"canary" not in log.getvalue()
    failed = [line for line in lines(log) if line["message"] == "request.failed"]
    assert len(failed) == 2
    assert failed[0]["error.type"] == "ValueError"
    assert "small_app.py" in failed[0]["error.stack_trace"]

"""Every line of the log is one JSON object in ECS names, whoever wrote it, and holds no data of an exception."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import structlog

from app.core import logs
from app.core.outgoing.remote_errors import NotReachable
from app.core.settings import Settings

HOSTILE = 'eve"\r\n{"message":"forged"}\x1b[2J\x00\u202e\ud800'


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    """The log of a process configured for the length of one test."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, logging.raiseExceptions)
    before = (root.handlers[:], root.level)
    written = io.BytesIO()
    logs.configure(Settings.model_construct(log_level="info", log_format="json"), written)
    yield written
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before
    sys.excepthook, threading.excepthook, logging.raiseExceptions = hooks


def lines(stream: io.BytesIO) -> list[dict[str, Any]]:
    assert stream.getvalue().endswith(b"\n")
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_hostile_value_stays_one_line_and_forges_nothing(stream: io.BytesIO) -> None:
    logs.get("t").info("sign-in.failed", user=HOSTILE, note=HOSTILE * 40_000)
    # pytest keeps what foreign loggers say, and cannot pass a lone surrogate on from a worker of its own.
    logging.getLogger("foreign").warning("user %s", HOSTILE.replace("\ud800", ""))
    first, second = lines(stream)
    assert first["message"] == "sign-in.failed"
    assert first["labels.user"].startswith('eve"\\u000d\\u000a{"message":"forged"}\\u001b[2J\\u0000\\u202e\\ud800')
    assert "sha256" in first["labels.note"]
    assert len(stream.getvalue()) < 3000
    assert second["message"].startswith("user eve")
    assert "forged" not in second["message"]


def test_a_line_has_utc_time_level_logger_request_and_ecs_names(stream: io.BytesIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        assert logs.request_id() == "r-1"
        logs.get("app.x").warning("request", method="GET", path="/people", status=200, ip="10.0.0.1", size=3)
    assert logs.request_id() == ""
    (line,) = lines(stream)
    moment = line.pop("@timestamp")
    assert moment.endswith("Z")
    assert len(moment) == 24
    assert line == {
        "message": "request", "event.action": "request", "log.level": "warning", "log.logger": "app.x", "trace.id": "r-1",
        "http.request.method": "GET", "url.path": "/people", "http.response.status_code": 200, "client.ip": "10.0.0.1",
        "labels.size": 3,
    }  # fmt: skip


def failing(error: BaseException) -> None:
    canary = "canary-in-a-local"
    assert canary
    raise error


@pytest.mark.parametrize(
    "error",
    [
        ValueError("invalid: canary"), KeyError("canary"), psycopg.errors.UniqueViolation("Key (email)=(canary) exists"),
        sa.exc.IntegrityError("INSERT canary", {"p": "canary"}, psycopg.errors.UniqueViolation("canary")),
        AssertionError("canary"), UnicodeEncodeError("utf-8", "canary\ud800", 6, 7, "surrogates"), RuntimeError("canary"),
        ExceptionGroup("canary", [ValueError("canary")]),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_exception_is_type_and_place_without_its_message_or_locals(stream: io.BytesIO, error: Exception) -> None:
    try:
        try:
            failing(error)
        except Exception as inner:
            raise RuntimeError("canary outside") from inner
    except RuntimeError:
        logs.get("t").exception("job.failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    assert b"canary" not in stream.getvalue()
    for line in lines(stream):
        assert type(error).__name__ in line["error.type"]
        assert "tests/core/test_logs.py:" in line["error.stack_trace"]


def test_a_database_errors_sqlstate_and_an_outbound_errors_sentence_are_kept(stream: io.BytesIO) -> None:
    logs.get("t").error("a", exc_info=psycopg.errors.UniqueViolation("canary"))
    logs.get("t").error("b", exc_info=NotReachable("corp.example could not be reached."))
    logs.get("t").error("c", exc_info=PermissionError(13, "Permission denied", "/home/canary"))
    logs.get("t").error("d", exc_info=TypeError("f() takes no arguments"))
    first, second, third, fourth = lines(stream)
    assert first["error.code"] == "23505"
    assert second["error.message"] == "corp.example could not be reached."
    assert third["error.message"] == "Permission denied"
    assert fourth["error.message"] == "f() takes no arguments"
    assert b"canary" not in stream.getvalue()


def test_uncaught_exceptions_of_the_process_and_its_threads_go_through_the_same_chain(stream: io.BytesIO) -> None:
    sys.excepthook(ValueError, ValueError("canary"), None)
    thread = threading.Thread(target=failing, args=(ValueError("canary"),))
    thread.start()
    thread.join()
    assert [line["event.action"] for line in lines(stream)] == ["process.uncaught"] * 2
    assert b"canary" not in stream.getvalue()


def test_what_libraries_say_about_statements_and_requests_is_not_written(stream: io.BytesIO) -> None:
    logging.getLogger("sqlalchemy.engine").info("SELECT canary")
    logging.getLogger("uvicorn.access").info("GET /?canary")
    logging.getLogger("httpx2").info("GET https://canary")
    logging.getLogger("azure.core").info("Authorization canary")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <exception=ValueError('canary')>")
    logging.getLogger("lib").warning("%d", "canary")
    logging.getLogger("lib").info("fine")
    assert b"canary" not in stream.getvalue()
    assert [line["message"] for line in lines(stream)] == [
        "Task exception was never retrieved", "A log message that could not be formed", "fine",
    ]  # fmt: skip


def test_a_log_that_cannot_be_written_stops_nothing(stream: io.BytesIO) -> None:
    stream.close()
    logs.get("t").error("x")


def test_the_console_is_redacted_as_well(stream: io.BytesIO) -> None:
    written = io.BytesIO()
    logs.configure(Settings.model_construct(log_level="debug", log_format="console"), written)
    logs.get("t").debug("x.y", password="canary", note=HOSTILE)
    assert written.getvalue().count(b"\n") == 1
    assert b"canary" not in written.getvalue()
    assert b"x.y" in written.getvalue()

"""One way to answer every refusal and failure: problem+json (RFC 9457) for programs, a page for people.

What went wrong inside is in the log under the id that the answer carries, never in the answer. Nothing that was sent is
repeated.
"""

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec import Struct, json, to_builtins
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from app.core import logs
from app.core.errors import FieldError, Invalid, NotFresh, NotSignedIn, Refusal, TooMany, Unavailable
from app.core.incoming.field_messages import from_details
from app.core.redaction import printable
from app.web.safe_path import same_site_path

SIGN_IN = "/sign-in"
STEP_UP = "/step-up"
MEDIA_TYPE = "application/problem+json"
_PROGRAMS = ("/api", "/scim")
_SENTENCES = {
    404: "There is nothing here, or it is not yours to see.",
    405: "This address does not take that method.",
    500: "The fault is ours. Nothing you sent was half-saved. The id is in the log, beside what happened.",
}
_log = logs.get(__name__)


class Problem(Struct, frozen=True):
    """What is answered, whoever asks. ``fields`` are messages per input."""

    status: int
    title: str
    detail: str
    fields: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = {}


def install(app: FastAPI) -> None:
    """Answer every refusal of ``app``. What else is raised is answered by ``RequestId``, which also logs it."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(psycopg.DataError, _data)
    app.add_exception_handler(sa.exc.DataError, _data)
    app.add_exception_handler(psycopg.OperationalError, _database)
    app.add_exception_handler(sa.exc.OperationalError, _database)
    app.add_exception_handler(sa.exc.TimeoutError, _database)


async def refuse(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    """Answer from a middleware, before the application runs."""
    await answer(Request(scope, receive), problem)(scope, receive, send)


def failed(request: Request) -> Response:
    """The answer to a failure of ours: its id and nothing else."""
    return answer(request, Problem(500, "This page failed", _SENTENCES[500]))


def answer(request: Request, problem: Problem) -> Response:
    """``problem`` for whoever sent ``request``: JSON under /api and /scim and where HTML is not accepted, else a page."""
    if not _wants_page(request):
        return _as_json(request, problem)
    response = _as_page(request, problem)
    response.headers.update(problem.headers)
    return response


def _wants_page(request: Request) -> bool:
    accepts = "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers
    path = request.url.path
    return accepts and not any(path == root or path.startswith(f"{root}/") for root in _PROGRAMS)


def _as_json(request: Request, problem: Problem) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": printable(problem.detail),
        "instance": f"urn:uuid:{_id(request)}",
    }
    if problem.fields:
        body["errors"] = to_builtins(problem.fields)
    headers = {
        **problem.headers,
        **({"WWW-Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}),
    }
    return Response(json.encode(body), problem.status, headers, MEDIA_TYPE)


def _as_page(request: Request, problem: Problem) -> Response:
    from app.web.problem_page import problem_page  # noqa: PLC0415 - the templates are read when a page is first drawn

    message = " ".join([printable(problem.detail), *(f"{one.field}: {one.message}" for one in problem.fields)])
    error_id = _id(request) if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    try:
        return problem_page(request, problem.status, title=problem.title, message=message, error_id=error_id)
    except Exception:  # noqa: BLE001 - an error page must be drawn, be it plain
        _log.exception("problem.page_failed")
        plain = f"<!doctype html><title>{escape(problem.title)}</title><h1>{escape(problem.title)}</h1>"
        return HTMLResponse(f"{plain}<p>{escape(message)}</p><p>{escape(_id(request))}</p>", problem.status)


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", "")) or logs.request_id()


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
    problem = Problem(error.status, error.title, error.message, error.fields, headers)
    response = answer(request, problem)
    if not isinstance(error, NotSignedIn | NotFresh) or response.media_type == MEDIA_TYPE:
        return response
    # A person is led to the door and back; what they were sending is not sent again for them.
    door = SIGN_IN if isinstance(error, NotSignedIn) else STEP_UP
    target = f"{door}?next={quote(_page(request), safe='/')}"
    if "hx-request" in request.headers:
        return Response(None, HTTPStatus.OK, {"HX-Redirect": target})
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def _page(request: Request) -> str:
    """The page to come back to: this one, or the one whose form was sent."""
    here = urlsplit(str(request.url) if request.method == "GET" else request.headers.get("referer", ""))
    if here.netloc != request.headers.get("host"):
        return "/"
    return same_site_path(here.path + (f"?{here.query}" if here.query else ""))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if _wants_page(request) and any(detail["loc"][0] == "path" for detail in error.errors()):
        return answer(request, Problem(404, HTTPStatus.NOT_FOUND.phrase.capitalize(), _SENTENCES[404]))
    fields = from_details(error.errors())
    return answer(request, Problem(422, Invalid.title, "Some fields need your attention.", fields))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase.capitalize()
    detail = _SENTENCES.get(error.status_code, "The request could not be read. Nothing was changed.")
    return answer(request, Problem(error.status_code, title, detail, headers=error.headers or {}))


async def _data(request: Request, error: Exception) -> Response:
    _log.warning("input.reached_the_database", exc_info=error)
    return answer(request, Problem(422, Invalid.title, "A value is too large, too long or not of its kind."))


async def _database(request: Request, error: Exception) -> Response:
    _log.error("database.unavailable", exc_info=error)
    sentence = "The database does not answer. Nothing was changed. Try again in a minute."
    if isinstance(getattr(error, "orig", error), psycopg.errors.LockNotAvailable):
        sentence = (
            "Something else is changing the same thing, and takes long. Nothing was changed. Try again in a minute."
        )
    return answer(request, Problem(503, Unavailable.title, sentence, headers={"Retry-After": "5"}))

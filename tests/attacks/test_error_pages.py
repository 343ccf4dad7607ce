"""What an error says (WEB-06): what to do, and an id. No stack, statement, path of ours, version or secret, in page or JSON."""

import io
import json
import re
from collections.abc import Iterator

import pytest

from app.core.version import VERSION
from tests.attacks.estate import Estate
from tests.attacks.samples import samples, writes
from tests.attacks.wire import FORM, JSON, Answer, Ask
from tests.postgres import Server
from tests.routes import all_routes

TELLTALE = re.compile(
    rb"(?i:Traceback|File \"|\.py\b|site-packages|/work/|/usr/|/tmp/|/home/|sqlalchemy|psycopg|postgres|pydantic|fastapi)"
    rb"|(?i:starlette|uvicorn|jinja|msgspec|python|relation \"|column \"|stackwarden_app|NoneType| at line )"
    rb"|SELECT |INSERT |UPDATE |DELETE FROM|CONSTRAINT|127\.0\.0\.1|0x[0-9a-f]{8}|Undefined"
)


def _says_nothing(answer: Answer, what: str, *, may_say: bytes = b"") -> None:
    body = re.sub(rb"/static/[\w.-]+", b"", answer.body)
    found = TELLTALE.search(body.replace(may_say, b"") if may_say else body)
    assert found is None, f"{what}: {found}"


def _is_json(answer: Answer) -> dict[str, object]:
    assert answer.header("content-type") == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert set(body) <= {"type", "title", "status", "detail", "instance", "errors"}
    assert body["status"] == answer.status
    assert body["instance"] == f"urn:uuid:{answer.header('x-request-id')}"
    return body


@pytest.fixture
def broken(fresh: Estate, postgres: Server) -> Estate:
    """An installation from which somebody took a table away: statements fail in the middle of requests."""
    with postgres.connect("postgres", "attacks_fresh") as connection:
        for table in ("people", "apps", "accounts", "connections", "organisation"):
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
    return fresh


def _everything(estate: Estate, who: str) -> Iterator[tuple[str, Answer]]:
    headers = estate.headers(who)
    for route in all_routes():
        if route.method == "MOUNT" or route.path in {"/sign-out", "/settings/sessions/others/end"}:
            continue
        for accept in ("text/html", JSON):
            asked = {**headers, "accept": accept}
            if route.is_write:
                yield route.key, estate.wire.send(samples(estate)[route.key].ask(estate, route, asked))
            else:
                yield route.key, estate.ask(asked, "GET", route.at(**estate.ids))


def test_a_failure_of_ours_says_its_id_and_nothing_else(broken: Estate, log: io.BytesIO) -> None:
    failed: dict[str, Answer] = {}
    for key, answer in _everything(broken, "owner"):
        assert answer.status != 503, f"{key}: a table that is gone is no database that is down"
        if answer.status == 500:
            _says_nothing(answer, key)
            assert answer.header("x-request-id").encode() in answer.body
            failed[answer.header("x-request-id")] = answer
            if answer.header("content-type") == "application/problem+json":
                _is_json(answer)
    assert len(failed) > 60
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    noted = {line["trace.id"] for line in lines if line["message"] == "request.failed"}
    assert failed.keys() <= noted
    log.truncate(0)  # these failures were asked for


def test_a_failure_is_logged_without_what_was_sent(broken: Estate, log: io.BytesIO) -> None:
    sent = {"name": "canary-name", "notes": "canary-notes", "vendor": "canary-vendor"}
    assert broken.ask("owner", "POST", "/api/v1/apps", json=sent).status == 500
    assert broken.ask("owner", "GET", "/people?q=canary-query").status == 500
    assert b"request.failed" in log.getvalue()
    assert b"canary" not in log.getvalue()
    log.truncate(0)


def test_every_refusal_is_a_page_for_people_and_a_problem_for_programs(estate: Estate) -> None:
    owner, employee, nobody = (estate.headers(who) for who in ("owner", "employee", "anonymous"))
    form = {**owner, "content-type": FORM}
    refused = {
        403: Ask("GET", "/audit-trail", employee),
        404: Ask("GET", "/no/such/page", owner),
        405: Ask("DELETE", f"/apps/{estate.ids['app_id']}", form),
        413: Ask("POST", "/apps/new", form, b"name=" + b"x" * 1_100_000),
        415: Ask("POST", "/apps/new", {**owner, "content-type": "text/plain"}, b"x"),
        421: Ask("GET", "/apps", nobody, host=b"evil.example"),
    }
    for status, ask in refused.items():
        page = estate.wire.send(ask)
        assert (page.status, page.header("content-type")) == (status, "text/html; charset=utf-8")
        assert b"<h1" in page.body
        _says_nothing(page, str(status))
        program = estate.wire.send(
            Ask(ask.method, ask.target, {**dict(ask.headers), "accept": JSON}, ask.body, ask.host)
        )
        assert program.status == status
        _is_json(program)
        _says_nothing(program, str(status))


def test_a_stranger_is_told_no_version(estate: Estate) -> None:
    headers = estate.headers("anonymous")
    for key, answer in _everything(estate, "anonymous"):
        assert VERSION.encode() not in re.sub(rb"/static/[\w.-]+", b"", answer.body), key
        _says_nothing(answer, key, may_say=b"python -m app setup-link")
    assert estate.ask(headers, "GET", "/healthz").json() == {"status": "ok"}
    assert estate.ask(headers, "GET", "/readyz").json() == {"status": "ok"}
    for path in ("/docs", "/redoc", "/openapi.json", "/metrics", "/debug", "/.git/config", "/.env", "/api", "/api/v1",
                 "/components", "/server-status", "/admin", "/api/v1/docs", "/static/.stamp"):  # fmt: skip
        answer = estate.ask(headers, "GET", path)
        assert answer.status == 404, path
        _says_nothing(answer, path)


def test_a_request_that_is_refused_names_no_value_that_was_sent(estate: Estate) -> None:
    secret = "hunter2-canary-hunter2"
    headers = estate.headers("owner")
    for route in writes():
        if route.form is None and route.body is None:
            continue
        sample = samples(estate)[route.key]
        hidden = [
            name for name in (sample.sent or {}) if name in {"password", "current", "new", "settings.token", "code"}
        ]
        for name in hidden:
            answer = estate.wire.send(sample.ask(estate, route, headers, **{name: secret}))
            assert secret.encode() not in answer.body, f"{route.key} gives back {name}"
            if answer.is_refused_to_strangers or route.path == "/step-up":
                headers = estate.headers("owner")

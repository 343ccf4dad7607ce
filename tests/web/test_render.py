"""Pages and parts: what they are made of, what they refuse, what their headers say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import jinja2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.testclient import TestClient

from app.core.actor import Actor
from app.core.permissions import ROLES, Permission
from app.web import flash
from app.web.problem_page import problem_page
from app.web.render import environment, render
from app.web.shell import Surroundings
from tests.web.examples import ADA, example_app

PAGE = """
{% extends "layout.html" %}
{% from "parts/marks.html" import badge %}
{% block title %}{{ page.name }}{% endblock %}
{% block main %}
<h1>{{ page.name }}</h1>
{% block part %}<p id="part">{{ badge(page.name) }} {{ page.at|moment }}</p>{% endblock %}
{% endblock %}
"""
NAME = "<script>alert(1)</script>"


@dataclass(frozen=True, slots=True)
class Page:
    name: str = NAME
    at: datetime = datetime(2026, 12, 12, 9, 42, tzinfo=UTC)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """An application with one page whose reader is whoever ``app.state.actor`` is."""
    found = environment()
    extra = jinja2.DictLoader({"try.html": PAGE, "slip.html": "{{ page.nmae }}"})
    monkeypatch.setattr(found, "loader", jinja2.ChoiceLoader([extra, found.loader]))
    made = FastAPI()
    made.state.actor = ADA
    made.state.shell = lambda request: Surroundings("0.1.0", "Marlow & Finch", ZoneInfo("Europe/Paris"), "")

    @made.get("/page")
    def page(request: Request, template: str = "try.html", block: str | None = None) -> HTMLResponse:
        request.state.actor = made.state.actor
        return render(request, template, Page(), block=block)

    @made.get("/problem/{status}")
    def problem(request: Request, status: int) -> HTMLResponse:
        request.state.actor = made.state.actor
        return problem_page(request, status, error_id="abc123" if status == 500 else "")

    @made.get("/said")
    def said() -> HTMLResponse:
        response = HTMLResponse()
        flash.say(response, "Session of Zoë & <b> ended.")
        return response

    return made


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="https://testserver") as made:
        yield made


def test_a_name_that_the_page_does_not_have_raises(client: TestClient) -> None:
    with pytest.raises(jinja2.UndefinedError, match="nmae"):
        client.get("/page?template=slip.html")


def test_an_icon_that_was_not_built_raises() -> None:
    with pytest.raises(LookupError, match="no-such-icon"):
        environment().from_string('{{ sprite("no-such-icon") }}').render()


def test_what_a_page_says_is_escaped(client: TestClient) -> None:
    body = client.get("/page").text
    assert NAME not in body
    assert body.count("&lt;script&gt;") == 3


def test_a_page_is_private_to_the_reader_and_the_kind_of_request(client: TestClient) -> None:
    headers = client.get("/page").headers
    assert headers["cache-control"] == "no-store"
    assert headers["vary"] == "HX-Request-Type, Cookie"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_only_a_partial_request_gets_only_the_block(client: TestClient) -> None:
    part = client.get("/page?block=part", headers={"HX-Request-Type": "partial"}).text
    assert part.startswith('<p id="part">')
    assert "<html" not in part
    for headers in ({}, {"HX-Request-Type": "full"}, {"HX-Request": "true"}):
        assert "<html" in client.get("/page?block=part", headers=headers).text
    assert "<html" in client.get("/page", headers={"HX-Request-Type": "partial"}).text


def test_moments_are_in_the_organisations_time_zone(client: TestClient) -> None:
    assert "12 Dec 2026, 10:42" in client.get("/page").text


@pytest.mark.parametrize("cookie", ["light", "dark"])
def test_the_server_draws_the_theme(client: TestClient, cookie: str) -> None:
    assert (
        f'<html lang="en-GB" data-theme="{cookie}">'
        in client.get("/page", headers={"Cookie": f"__Host-theme={cookie}"}).text
    )


@pytest.mark.parametrize("cookie", ["", "system", '"><script>'])
def test_any_other_theme_matches_the_system(client: TestClient, cookie: str) -> None:
    assert '<html lang="en-GB">' in client.get("/page", headers={"Cookie": f"__Host-theme={cookie}"}).text


def test_a_sentence_is_carried_over_one_redirect_and_shown_once(client: TestClient) -> None:
    client.get("/said")
    assert "Session of Zoë &amp; &lt;b&gt; ended." in client.get("/page").text
    assert "ended" not in client.get("/page").text


def test_a_part_does_not_use_the_sentence_up(client: TestClient) -> None:
    client.get("/said")
    client.get("/page?block=part", headers={"HX-Request-Type": "partial"})
    assert "ended" in client.get("/page").text


@pytest.mark.parametrize(
    "actor", [None, Actor("anonymous", ""), Actor("setup", "set-up", permissions=frozenset(Permission))]
)
def test_a_stranger_sees_no_menu(app: FastAPI, client: TestClient, actor: Actor | None) -> None:
    app.state.actor = actor
    body = client.get("/page").text
    assert 'href="/people"' not in body
    assert "/sign-out" not in body


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_holds_what_the_role_opens_and_nothing_else(app: FastAPI, client: TestClient, role: str) -> None:
    permissions = ROLES[role].permissions
    app.state.actor = Actor("user", "x@example.com", permissions=permissions)
    body = client.get("/page").text
    assert ('href="/access-log"' in body) == (Permission.ACCESS_LOG_READ in permissions)
    assert ('href="/settings/users"' in body) == (Permission.USERS_READ in permissions)
    assert ('href="/integrations"' in body) == (Permission.CONNECTIONS_READ in permissions)
    assert 'href="/people"' in body


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 418, 429, 500, 502, 503])
@pytest.mark.parametrize("actor", [ADA, None], ids=["signed in", "stranger"])
def test_an_error_page_says_what_happened_and_no_more(
    app: FastAPI, client: TestClient, status: int, actor: Actor | None
) -> None:
    app.state.actor = actor
    response = client.get(f"/problem/{status}")
    assert response.status_code == status
    assert f'<p class="problem-status">{status}</p>' in response.text
    assert ("abc123" in response.text) == (status == 500)
    assert ('class="sidebar"' in response.text) == (actor is not None)


def test_a_part_that_fails_gets_the_problem_alone(client: TestClient) -> None:
    body = client.get("/problem/500", headers={"HX-Request-Type": "partial"}).text
    assert "<html" not in body
    assert "abc123" in body


def test_every_example_page_is_drawn() -> None:
    with TestClient(example_app(), base_url="http://127.0.0.1") as made:
        for name in ("list", "record", "settings", "sign-in", "wizard", "preview", "poll"):
            assert made.get(f"/dev/components/{name}").status_code == 200
        assert made.get("/dev/components/form").status_code == 422
        assert "No people match" in made.get("/dev/components/list?q=zzz").text

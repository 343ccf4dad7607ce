"""The first run, signing in and the settings pages in Chromium: no violation of the policy, nothing axe finds, at 390 px too."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pyotp
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from app.core.database import Database
from app.login import set_up, setup_link, totp
from app.web import theme
from app.web.static_files import PREFIX, static_files
from hatch_build import build
from tests.browser import NARROW, WIDE, axe, chromium, opened, scrolls_sideways
from tests.login.installation import PASSWORD, make_app
from tests.peers.web_server import served

pytestmark = pytest.mark.browser


@dataclass
class Place:
    origin: str
    link: str


@pytest.fixture
def place(database: Database) -> Iterator[Place]:
    build()
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = make_app(database, origin=origin)
    app.include_router(theme.router)
    app.mount(PREFIX, static_files())
    with database.transaction() as db:
        link = setup_link.ensure_in(db, origin)
    assert link is not None
    with served(app, listener):
        yield Place(origin, link)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as started:
        yield started


def _sound(page: Page) -> None:
    assert page.evaluate("window.__violations") == []
    assert axe(page) == []
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        assert not scrolls_sideways(page), page.url


def _code(page: Page) -> str:
    seed = page.locator("[data-copied]").inner_text().replace(" ", "")
    return pyotp.TOTP(seed).generate_otp(totp.present_step())


def test_from_the_set_up_link_to_every_settings_page(browser: Chromium, place: Place) -> None:
    with opened(browser) as watched:
        page = watched.page
        _through_the_wizard(page, place)
        _through_the_settings(page, place)
        page.context.clear_cookies()
        _signs_in_wrongly(page, place)
        # The browser itself reports the answers 404 and 422 that these steps are about.
        assert [line for line in watched.complaints if "status of 4" not in line] == []


def _through_the_wizard(page: Page, place: Place) -> None:
    page.goto(place.link)
    expect(page).to_have_url(f"{place.origin}/set-up/organisation")
    _sound(page)
    page.get_by_label("Name").fill("Marlow & Finch")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="You, the first owner")).to_be_visible()
    _sound(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    _sound(page)
    page.get_by_label("Your name").fill("Ada Byron")
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    _sound(page)
    page.get_by_label("Code from").fill(_code(page))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Store your recovery codes")).to_be_visible()
    _sound(page)
    expect(page.get_by_role("link", name="I have stored them")).to_have_attribute("href", set_up.AFTER)


def _through_the_settings(page: Page, place: Place) -> None:
    for path in ("users", "users/new", "sessions", "security", "security/password", "security/authenticator",
                 "security/recovery-codes", "api-keys", "api-keys/new"):  # fmt: skip
        page.goto(f"{place.origin}/settings/{path}")
        expect(page.locator("h1")).to_be_visible()
        _sound(page)
    page.get_by_label("Name").fill("Reporting")
    page.get_by_label("Read apps").check()
    page.get_by_role("button", name="Make API key").click()
    assert re.fullmatch(r"swk_\w+", page.locator("[data-copied]").inner_text())
    _sound(page)
    page.goto(f"{place.origin}/settings/api-keys")
    _sound(page)
    page.get_by_role("button", name="Revoke", exact=False).first.click()
    page.get_by_role("button", name="Revoke Reporting", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("API key revoked.")
    page.goto(f"{place.origin}/settings/users/new")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail address").fill("grace@example.com")
    page.get_by_label("Auditor").check()
    page.get_by_role("button", name="Add user").click()
    link = page.locator("[data-copied]").inner_text()
    _sound(page)
    page.get_by_role("link", name="Done").click()
    _sound(page)
    page.goto(link)
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    _sound(page)
    page.goto(f"{place.origin}/step-up?next=/settings/users")
    _sound(page)


def _signs_in_wrongly(page: Page, place: Place) -> None:
    page.goto(f"{place.origin}/settings/users")
    expect(page).to_have_url(re.compile("/sign-in"))
    _sound(page)
    page.get_by_label("E-mail address").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill("wrong password here")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    _sound(page)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    _sound(page)
    page.get_by_role("link", name="Use a recovery code").click()
    expect(page.get_by_role("heading", name="Use a recovery code")).to_be_visible()
    _sound(page)

"""The pages of apps and accounts in a real browser: accessible, in both themes, at 390 px, by keyboard, without scripts."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from app.core import clock
from app.core.database import Database
from app.web.headers import SecurityHeaders
from tests.browser import NARROW, Watched, axe, chromium, opened, scrolls_sideways, served
from tests.builders import grant, make_account, make_app, make_entitlement, make_person

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def paths(database: Database) -> dict[str, str]:
    """A little of everything, and the address of each page that shows it."""
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron", "ada@example.com")
        bob = make_person(db, "Bob Leaver", "bob@example.com", status="left", left_at=clock.now() - timedelta(days=9))
        figma = make_app(db, "Figma", vendor="Figma, Inc.", category="Design", owner_id=ada, status="managed")
        make_app(db, "Figma", instance_name="Lab", url="https://lab.figma.example")
        for number in range(24):
            make_app(db, f"Some other app {number}", vendor="A vendor", category="Office", status="new")
        account = _accounts(db, figma, ada, bob)
    return {
        "apps": "/apps", "apps, none": "/apps?q=nothing", "app": f"/apps/{figma}", "new app": "/apps/new",
        "edit app": f"/apps/{figma}/edit", "users": f"/apps/{figma}/users", "merge app": f"/apps/{figma}/merge",
        "accounts": "/access/accounts", "leavers": "/access/accounts?view=leavers&status=active",
        "account": f"/access/accounts/{account}", "person": f"/people/{ada}/accounts", "merge person": f"/people/{ada}/merge",
    }  # fmt: skip


def _accounts(db, app_id: UUID, ada: UUID, bob: UUID) -> UUID:
    now = clock.now()
    account = make_account(
        db, app_id, person_id=ada, username="ada", email="ada@example.com", display_name="Ada Byron", last_login_at=now
    )
    grant(db, account, make_entitlement(db, app_id, "Editors"))
    grant(db, account, make_entitlement(db, app_id, "Admins", kind="role", is_privileged=True))
    make_account(db, app_id, person_id=bob, username="bob", email="bob@example.com", display_name="Bob Leaver")
    make_account(db, app_id, username="build-robot", kind="service", owner_id=ada, display_name="Build robot")
    make_account(db, app_id, username="stray", status="suspended", last_login_at=now - timedelta(days=200))
    make_account(db, app_id, person_id=ada, username="ada.old", seen_until=now)
    return account


@pytest.fixture
def origin(application: FastAPI, paths: dict[str, str]) -> Iterator[str]:
    application.add_middleware(SecurityHeaders, application.state.settings.origin)
    with served(application) as address:
        yield address


def _signed_in(watched: Watched) -> Page:
    watched.page.set_extra_http_headers({"x-role": "administrator"})
    return watched.page


def test_every_page_is_accessible_and_fits(browser: Browser, origin: str, paths: dict[str, str]) -> None:
    """Full of everything, narrow and dark; the journeys look at each page wide and in light too."""
    with opened(browser, size=NARROW, dark=True) as watched:
        page = _signed_in(watched)
        for name, path in paths.items():
            page.goto(origin + path)
            assert axe(page) == [], name
            assert not scrolls_sideways(page), name
            assert watched.violations() == [], name
        assert watched.complaints == []


_UNREADABLE = """
() => [...document.querySelectorAll("tbody :is(td, th)")].filter((cell) => {
  const box = cell.getBoundingClientRect();
  return cell.innerText.trim() && (box.width < 8 || box.left < 0 || box.right > innerWidth);
}).map((cell) => cell.outerHTML)
"""
_BROKEN_WORDS = """
() => [...document.querySelectorAll("tbody th a")].flatMap((link) =>
[...link.textContent.matchAll(/[^\\s-]+/g)].filter((word) => {
  const range = document.createRange();
  range.setStart(link.firstChild, word.index);
  range.setEnd(link.firstChild, word.index + word[0].length);
  return range.getClientRects().length > 1;
}).map((word) => word[0]))
"""


def test_a_narrow_list_hides_no_answer_and_breaks_no_word_of_a_name(
    browser: Browser, origin: str, paths: dict[str, str]
) -> None:
    with opened(browser, size=NARROW) as watched:
        page = _signed_in(watched)
        for name in ("apps", "users", "accounts", "account", "person"):
            page.goto(origin + paths[name])
            assert page.locator("tbody td[data-label]").count(), name
            assert page.evaluate(_UNREADABLE) == [], name
            assert page.evaluate(_BROKEN_WORDS) == [], name


def test_ticked_apps_get_a_status_and_an_owner_is_edited_in_place(
    browser: Browser, origin: str, paths: dict[str, str]
) -> None:
    with opened(browser) as watched:
        page = _signed_in(watched)
        page.goto(f"{origin}/apps?view=triage")
        for number in (1, 2):
            page.get_by_label(f"Select Some other app {number}", exact=True).check()
        page.get_by_label("New status").select_option("accepted")
        page.get_by_role("button", name="Set status").click()
        page.wait_for_url("**/apps?view=triage")
        assert page.locator('a[aria-current="page"] .count').first.inner_text() == "23"
        page.goto(origin + paths["app"])
        page.get_by_role("link", name="Edit owner").click()
        page.get_by_label("Owner's e-mail address or full name").fill("nobody@")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Nobody here is known as nobody@").wait_for()
        page.get_by_label("Owner's e-mail address or full name").fill("bob@example.com")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Edit owner: Bob Leaver").wait_for()
        assert page.url.endswith(paths["app"])
        assert watched.violations() == []


def test_everything_matching_is_selected_by_its_query(browser: Browser, origin: str) -> None:
    with opened(browser) as watched:
        page = _signed_in(watched)
        page.goto(f"{origin}/apps?q=some+other")
        page.get_by_label("Select Some other app 1", exact=True).check()
        page.get_by_role("button", name="Select all 24").click()
        page.get_by_label("New status").select_option("ignored")
        page.get_by_role("button", name="Set status").click()
        page.get_by_text("No apps match").wait_for()


def test_a_row_is_previewed_beside_the_list(browser: Browser, origin: str) -> None:
    with opened(browser) as watched:
        page = _signed_in(watched)
        for path, name in (("/apps", "Figma"), ("/access/accounts", "ada")):
            page.goto(origin + path)
            page.get_by_role("button", name=f"Preview {name}", exact=True).click()
            page.locator("#drawer").get_by_role("heading", name=name).wait_for()
            assert axe(page) == [], path
        assert watched.complaints == []


def test_an_account_is_linked_without_scripts(browser: Browser, origin: str, paths: dict[str, str]) -> None:
    with opened(browser, scripts=False) as watched:
        page = _signed_in(watched)
        page.goto(origin + paths["account"])
        page.get_by_role("searchbox", name="Find a person").fill("leaver")
        page.get_by_role("button", name="Find").click()
        page.get_by_label("Person", exact=True).select_option(label="Bob Leaver (bob@example.com)")
        page.get_by_role("button", name="Link account").click()
        page.get_by_text("Linked by hand", exact=True).wait_for()

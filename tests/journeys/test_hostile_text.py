"""Scripts typed into every text field are kept as typed and shown as text, wherever they turn up; nothing runs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Watched, opened
from tests.journeys.site import ORGANISATION, Site, unexpected

SCRIPT = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{7*7}}"""
TYPED = "<b>mallory</b>@corp.local"
FORMULA = '=HYPERLINK("http://evil.example","<b>x</b>")'
TEXTS = "main input:is([type=text], [type=search], :not([type])):not([role=combobox], .code), main textarea"


@pytest.fixture(scope="module")
def watched(browser: Browser, signed_in: Page) -> Iterator[Watched]:
    """The owner's second window; a script that runs would open a dialog or break the policy."""
    with opened(browser, cookies=signed_in.context.cookies()) as second:
        second.page.on("dialog", lambda dialog: second.complaints.append(f"a script ran: {dialog.message}"))
        yield second
        assert unexpected(second) == []


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    yield watched.page
    assert watched.violations() == []


def fill_all(page: Page, address: str, button: str, **texts: str) -> None:
    """Type the script into every text field of a form, other texts into the fields that ``texts`` names, and send it."""
    page.goto(address)
    for field in page.locator(TEXTS).all():
        field.fill(SCRIPT)
    for name, text in texts.items():
        page.locator(f"main [name='{name}']").fill(text)
    if page.get_by_label("Employee", exact=True).count():
        page.get_by_label("Employee", exact=True).check()
    with page.expect_event("domcontentloaded"):
        page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".error-summary")).to_have_count(0)


def test_an_app_of_scripts_is_an_app(page: Page, site: Site) -> None:
    fill_all(page, site.at("/apps/new"), "Add app", owner="", url="https://example.com/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(SCRIPT)
    address = page.url
    for words in ("Vendor", "Category", "Notes"):
        expect(page.locator("dt", has_text=words).locator("+ dd")).to_contain_text(SCRIPT)
    expect(page.locator("main a[href*='script'], main img")).to_have_count(0)
    for path in ("/edit", "/users", "/merge"):
        page.goto(address + path)
        expect(page.locator("body")).to_contain_text("alert(1)")
    page.goto(site.at("/apps?q=%3Cscript%3E"))
    expect(page.locator("#listing tbody tr")).to_have_count(1)
    expect(page.locator("#listing tbody")).to_contain_text(SCRIPT)


def test_a_person_of_scripts_is_a_person(page: Page, site: Site) -> None:
    texts = {"email": "script@corp.local", "aliases": "", "manager": ""}
    fill_all(page, site.at("/people/new"), "Add person", **texts)
    expect(page.get_by_role("heading", level=1)).to_contain_text(SCRIPT)
    person = page.url
    page.goto(person + "/edit")
    expect(page.get_by_label("Job title")).to_have_value(SCRIPT)
    page.goto(site.at("/people?view=everyone&q=alert"))
    expect(page.locator("#listing tbody")).to_contain_text(SCRIPT)
    page.locator("tr[data-key]").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#drawer h2")).to_have_text(SCRIPT)
    page.keyboard.press("Control+k")
    page.keyboard.type("<script>")
    expect(page.get_by_role("option").filter(has_text=SCRIPT).first).to_be_visible()


def test_connection_user_and_organisation_of_scripts_are_what_they_are(page: Page, site: Site) -> None:
    texts = {"name": f"Tool {SCRIPT}", "settings.base_url": site.directory.url, "settings.token": "some-token"}
    numbers = {"settings.page_size": "100", "removal_percent": "5", "removal_count": "5"}
    fill_all(page, site.at("/integrations/new/scim"), "Save and test connection", **texts, **numbers)
    expect(page.get_by_role("heading", level=1)).to_contain_text(SCRIPT)
    fill_all(page, site.at("/settings/users/new"), "Add user", email="hostile@corp.local")
    expect(page.get_by_role("heading", level=1)).to_contain_text(SCRIPT)
    fill_all(page, site.at("/settings/organisation"), "Save organisation", unused_after_days="90")
    expect(page).to_have_title(f"Organisation · {SCRIPT}")
    for path in ("/", "/integrations", "/settings/users", "/audit-trail", "/settings/organisation"):
        page.goto(site.at(path))
        expect(page.locator("body")).to_contain_text("alert(1)")
    fill_all(page, site.at("/settings/organisation"), "Save organisation", name=ORGANISATION, unused_after_days="90")
    expect(page.locator(".brand").first).to_have_text(ORGANISATION)


def test_what_is_asked_for_in_addresses_and_boxes_is_text(page: Page, site: Site, browser: Browser) -> None:
    for path in ("/people", "/apps", "/access/accounts", "/settings/users"):
        page.goto(site.at(path))
        page.locator("#listing-q").fill(FORMULA + SCRIPT)
        expect(page.locator("#listing")).to_contain_text("match")
        page.reload()
        expect(page.locator("#listing-q")).to_have_value(FORMULA + SCRIPT)
    for path in ("/access-log", "/audit-trail"):
        page.goto(site.at(path))
        page.get_by_label("in full").fill(SCRIPT)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_label("in full")).to_have_value(SCRIPT)
    with opened(browser) as stranger:
        stranger.page.goto(site.at("/sign-in?next=javascript:alert(1)"))
        stranger.page.get_by_label("E-mail address").fill(TYPED)
        stranger.page.get_by_label("Password", exact=True).fill(SCRIPT)
        stranger.page.get_by_role("button", name="Continue").click()
        expect(stranger.page.get_by_label("E-mail address")).to_have_value(TYPED)
        assert unexpected(stranger) == []
    page.goto(site.at("/access-log"))
    expect(page.locator("#listing tbody")).to_contain_text(TYPED)

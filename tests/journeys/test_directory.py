"""The first story: a directory is connected and synced, a person is found, their session is ended, the trail is read."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.journeys.reading import download
from tests.journeys.site import DIRECTORY, Site, invite, quiet
from tests.journeys.visitors import Visitor, accept_invitation, give_code, give_password, sign_out
from tests.peers import scim

FOUND = scim.user(7)
NAME, EMAIL = FOUND["displayName"], FOUND["userName"]


def test_the_set_up_link_is_dead_once_there_is_an_owner(site: Site, browser: Browser) -> None:
    with quiet(browser) as page:
        page.goto(site.link)
        expect(page).to_have_url(site.at("/sign-in"))
        page.goto(site.at("/set-up/owner"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Not found")


def test_the_figures_are_those_of_the_directory(owner: Page, site: Site) -> None:
    assert f"{site.users * 9 // 10:,}" in site.active
    expect(owner.get_by_role("region", name="Key figures").get_by_role("link", name="People")).to_be_visible()
    expect(owner.get_by_role("region", name="Where the facts come from")).to_contain_text(DIRECTORY)


def test_a_person_is_found_by_filter_and_palette_with_accounts_source_and_age(owner: Page, site: Site) -> None:
    owner.get_by_role("link", name="People", exact=True).first.click()
    owner.get_by_label("Filter by name, e-mail or employee id").fill(EMAIL)
    expect(owner.locator("#listing tbody tr")).to_have_count(1)
    owner.locator("#listing").get_by_role("link", name=NAME).click()
    expect(owner.get_by_role("heading", level=1)).to_contain_text(NAME)
    address = owner.url
    owner.get_by_role("link", name="Accounts", exact=True).click()
    reach = owner.get_by_role("region", name="Can reach").first
    for words in (EMAIL, "Group 7", "Active", re.compile(f"{DIRECTORY} · (just now|.* ago)")):
        expect(reach).to_contain_text(words)

    owner.goto(site.at("/"))
    owner.keyboard.press("Control+k")
    owner.keyboard.type(EMAIL)
    option = owner.get_by_role("group", name="People").get_by_role("option")
    expect(option).to_have_count(1)
    expect(option).to_contain_text(NAME)
    expect(option).to_have_attribute("aria-selected", "true")
    owner.keyboard.press("Enter")
    owner.wait_for_url(address)


def test_a_session_is_ended_and_access_log_and_trail_tell_it(
    owner: Page, site: Site, browser: Browser, tmp_path: Path
) -> None:
    guest = Visitor(NAME, EMAIL)
    with quiet(browser) as theirs:
        accept_invitation(theirs, invite(owner, site, guest, "Employee"), guest)
        expect(theirs.get_by_role("heading", level=1)).to_contain_text(NAME)
        end_sessions(owner, guest)
        theirs.reload()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("Sign in")

    owner.get_by_role("link", name="Access log").click()
    attempts = owner.locator("#listing tbody tr").filter(has_text=EMAIL)
    expect(attempts.filter(has_text="Failed")).to_contain_text("Wrong code")
    expect(attempts.filter(has_text="Succeeded").first).to_contain_text("127.0.0.1")
    log = download(owner, "Export", tmp_path)
    assert [row for row in log if EMAIL in row]

    owner.get_by_role("link", name="Audit trail").click()
    ended = owner.locator("#listing tbody tr").filter(has_text="Session ended").first
    expect(ended).to_contain_text(site.owner.email)
    expect(ended).to_contain_text(EMAIL)
    ended.get_by_role("link").click()
    facts = owner.get_by_role("region", name="Facts")
    for words in (site.owner.email, "127.0.0.1", "Chrome"):
        expect(facts).to_contain_text(words)


def test_signing_in_again_asks_for_a_code_and_leads_back(site: Site, browser: Browser) -> None:
    with quiet(browser) as page:
        page.goto(site.at("/people?view=everyone&q=person"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        give_password(page, site.owner)
        assert site.owner.authenticator is not None
        give_code(page, site.owner.authenticator.wrong_code(), "Sign in")
        expect(page.locator(".error-summary")).to_contain_text("That code is not right")
        assert page.title().startswith("Error: ")
        give_code(page, site.owner.code(), "Sign in")
        expect(page).to_have_url(site.at("/people?view=everyone&q=person"))
        expect(page.locator(".pager")).to_contain_text(f"of {site.users:,}")
        sign_out(page)
        page.goto(site.at("/people"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def end_sessions(owner: Page, guest: Visitor) -> None:
    """End all sessions of a user, from the page that showed their link."""
    owner.get_by_role("link", name="Done").click()
    owner.get_by_role("button", name="End all sessions").click()
    owner.get_by_role("dialog").get_by_role("button", name="End all sessions").click()
    expect(owner.get_by_role("heading", level=1)).to_contain_text(guest.name)

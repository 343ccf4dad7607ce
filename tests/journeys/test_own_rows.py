"""The third story: an app owner and an employee are invited and see their own rows, in lists, search, palette and export."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.reading import download
from tests.journeys.site import DIRECTORY, Site, connect, invite, quiet, sync
from tests.journeys.visitors import Visitor, accept_invitation
from tests.peers import scim

TOOL = "Whiteboard"
KEEPER, MEMBER, STRANGER = scim.user(20), scim.user(3), scim.user(40)
MEMBERS = [scim.user(number)["userName"] for number in range(5)]


@pytest.fixture(scope="module")
def tool(signed_in: Page, site: Site) -> str:
    """A second app, with five accounts and an owner; the address of a person whom neither guest may see."""
    page = signed_in
    connect(page, site, site.tool, TOOL, is_directory=False)
    expect(page.get_by_text("The test succeeded")).to_be_visible(timeout=30_000)
    sync(page, read=5 + 2 + 5)
    page.get_by_role("link", name=TOOL).last.click()
    page.get_by_role("link", name="Edit owner").click()
    page.get_by_role("textbox", name="Owner").fill(KEEPER["userName"])
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text(KEEPER["displayName"])
    page.goto(site.at(f"/people?q={STRANGER['userName']}"))
    return str(page.locator("#listing tbody a").get_attribute("href"))


@pytest.fixture(scope="module")
def keeper(signed_in: Page, site: Site, browser: Browser, tool: str) -> Iterator[Page]:
    yield from _guest(signed_in, site, browser, KEEPER, "App owner")


@pytest.fixture(scope="module")
def member(signed_in: Page, site: Site, browser: Browser, tool: str) -> Iterator[Page]:
    yield from _guest(signed_in, site, browser, MEMBER, "Employee")


def _guest(owner: Page, site: Site, browser: Browser, person: dict[str, str], role: str) -> Iterator[Page]:
    visitor = Visitor(person["displayName"], person["userName"])
    link = invite(owner, site, visitor, role)
    with quiet(browser) as page:
        accept_invitation(page, link, visitor)
        yield page


def test_an_app_owner_sees_their_app_its_accounts_and_their_people(keeper: Page, site: Site, tmp_path: Path) -> None:
    seen = {*MEMBERS, KEEPER["userName"]}
    assert accounts(keeper, site) == {TOOL: "5", DIRECTORY: "1"}
    assert addresses(keeper, site, "/people?view=everyone") == seen
    assert addresses(keeper, site, "/access/accounts") == seen
    assert exported(keeper, site, "/people?view=everyone", tmp_path) == seen
    assert exported(keeper, site, "/access/accounts", tmp_path) == seen


def test_an_employee_sees_themselves_and_their_accounts(member: Page, site: Site, tmp_path: Path) -> None:
    own = {MEMBER["userName"]}
    expect(member.get_by_role("heading", level=1)).to_contain_text(MEMBER["displayName"])
    assert accounts(member, site) == {TOOL: "1", DIRECTORY: "1"}
    assert addresses(member, site, "/people?view=everyone") == own
    assert addresses(member, site, "/access/accounts") == own
    assert exported(member, site, "/people?view=everyone", tmp_path) == own
    assert exported(member, site, "/access/accounts", tmp_path) == own


@pytest.mark.parametrize("who", ["keeper", "member"])
def test_whom_they_may_not_see_is_not_there_however_one_asks(
    who: str, request: pytest.FixtureRequest, site: Site, tool: str
) -> None:
    page: Page = request.getfixturevalue(who)
    for word in (STRANGER["userName"], STRANGER["displayName"]):
        page.goto(site.at(f"/people?view=everyone&q={word}"))
        shown = page.locator("#listing tbody tr:not(.empty-row)").all_inner_texts()
        assert not [row for row in shown if STRANGER["userName"] in row]
    page.goto(site.at(f"/access/accounts?q={STRANGER['userName']}"))
    expect(page.get_by_role("heading", name="No accounts match")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type(STRANGER["userName"])
    expect(page.locator("#palette-list")).to_contain_text("Nothing found")
    page.keyboard.press("Escape")
    for path in (tool, f"{tool}/accounts", f"{tool}/preview", f"{tool}/edit"):
        answer = page.goto(site.at(path))
        assert answer is not None
        assert answer.status in {403, 404}, path
        assert STRANGER["displayName"] not in page.inner_text("body")
    menu = page.get_by_role("navigation", name="Main")
    assert set(menu.get_by_role("link").all_inner_texts()) <= {"Overview", "Apps", "People", "Access"}
    for path in ("/settings/users", "/audit-trail", "/access-log", "/integrations"):
        answer = page.goto(site.at(path))
        assert answer is not None
        assert answer.status == 403, path


def accounts(page: Page, site: Site) -> dict[str, str]:
    """The apps in the list, with how many accounts of each are counted."""
    page.goto(site.at("/apps"))
    rows = page.locator("#listing tbody tr").all()
    return {row.locator("th a").inner_text(): row.locator("td.num").inner_text() for row in rows}


def addresses(page: Page, site: Site, path: str) -> set[str]:
    """The e-mail addresses in the first column of a list."""
    page.goto(site.at(path))
    return {
        word for text in page.locator("#listing tbody th").all_inner_texts() for word in text.split() if "@" in word
    }


def exported(page: Page, site: Site, path: str, folder: Path) -> set[str]:
    """Whose rows a list's export holds, by their e-mail address; a manager named in a row has none for that."""
    page.goto(site.at(path))
    rows = download(page, "Export", folder)
    head = next(number for number, row in enumerate(rows) if len(row) > 5)
    named = next(place for place, name in enumerate(rows[head]) if name.endswith("mail"))
    return {row[named] for row in rows[head + 1 :] if len(row) > 5}

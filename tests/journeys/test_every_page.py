"""Every page there is: accessible, within its Content-Security-Policy, never wider than the window, and readable.

The pages are those of the routes, so that a new one is looked at by itself; only what it needs to be shown is told here.
"""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser import NARROW, WIDE, Watched, axe, opened, scrolls_sideways
from tests.journeys.files import PEOPLE, write_csv
from tests.journeys.site import DIRECTORY, Site, unexpected
from tests.journeys.visitors import give_password
from tests.routes import all_routes

NO_PAGES = {"/healthz", "/readyz", "/palette"}
PARTS = ("/preview", "/progress", ".csv", "/sign-in/authenticator", "/invitation")  # parts of a page, files, and
STEPS = {"/set-up", "/set-up/organisation", "/set-up/owner", "/set-up/authenticator"}  # what the wizard itself looks at
SHOWS_IDS = ("/audit-trail/", "/access-log/", "/settings/api")
RAW = re.compile(r"\bNone\b|\bundefined\b|\bNaN\b|&[a-z]+;|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}")
PAGES = sorted(
    route.path
    for route in all_routes()
    if route.method == "GET"
    and not route.is_api
    and route.path not in NO_PAGES | STEPS
    and not route.path.endswith(PARTS)
    and not route.path.startswith(("/sign-in/", "/dev/"))
)
FEW = {  # a few rows of a long list are enough
    "/people": "?q=person10",
    "/access/accounts": "?q=person10@corp.local",
    "/apps/{app_id}/users": "?q=person10@corp.local",
}
LINKS = {
    "person_id": ("/people", "#listing tbody th a"),
    "app_id": ("/apps?q=Company", "#listing tbody th a"),
    "account_id": ("/access/accounts", "#listing tbody th a"),
    "user_id": ("/settings/users", "#listing tbody th a"),
    "connection_id": ("/integrations", f"tbody a:text-is('{DIRECTORY}')"),
}


@pytest.fixture(scope="module")
def ids(signed_in: Page, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """One of each kind of thing that has a page."""
    page, found = signed_in, {"key": "scim"}
    for name, (path, link) in LINKS.items():
        found[name] = _last_part(page, site.at(path), link)
    found["sync_id"] = _last_part(page, site.at(f"/integrations/{found['connection_id']}"), "#history tbody a")
    page.goto(site.at("/integrations/import"))
    page.get_by_label("People", exact=True).check()
    page.get_by_label("File", exact=True).set_input_files(
        write_csv(tmp_path_factory.mktemp("files") / "people.csv", PEOPLE)
    )
    page.get_by_role("button", name="Upload file").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("h1")).to_contain_text("Ready to apply")
    return {**found, "import_id": page.url.rpartition("/")[2]}


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_of_the_owner_is_sound(
    size: ViewportSize, site: Site, browser: Browser, signed_in: Page, ids: Mapping[str, str]
) -> None:
    assert len(PAGES) > 35
    wrong: list[str] = []
    with opened(browser, size=size, cookies=signed_in.context.cookies()) as watched:
        for path in PAGES:
            at = dict(ids)
            if "{event_id}" in path:
                at["event_id"] = _last_part(watched.page, site.at(path.rpartition("/")[0]), "#listing tbody th a")
            answer = watched.page.goto(site.at(path.format(**at) + FEW.get(path, "")))
            assert answer is not None
            assert answer.ok, f"{path} answers {answer.status}"
            wrong += [f"{path}: {what}" for what in faults(watched)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_opens_over_a_page_is_sound(
    size: ViewportSize, site: Site, browser: Browser, signed_in: Page, ids: Mapping[str, str]
) -> None:
    wrong: list[str] = []

    def look(what: str) -> None:
        wrong.extend(f"{what}: {fault}" for fault in faults(watched))

    with opened(browser, size=size, cookies=signed_in.context.cookies()) as watched:
        page = watched.page
        page.goto(site.at("/people"))
        page.locator("tr[data-key]").first.focus()
        page.keyboard.press("Space")
        expect(page.locator("#drawer h2")).to_be_visible()
        look("preview")
        page.keyboard.press("Control+k")
        page.keyboard.type("ada")
        expect(page.get_by_role("group", name="People").get_by_role("option").first).to_be_visible()
        look("palette")
        page.goto(site.at("/people?q=nobody-is-called-this"))
        look("empty list")
        page.goto(site.at("/apps/new"))
        page.get_by_role("button", name="Add app").click()
        expect(page.locator(".error-summary")).to_be_visible()
        look("form with errors")
        page.goto(site.at(f"/people/{ids['app_id']}"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
        look("not found")
        page.goto(site.at(f"/settings/users/{ids['user_id']}"))
        look("user")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_pages_of_strangers_are_sound(size: ViewportSize, site: Site, browser: Browser) -> None:
    wrong: list[str] = []

    def look(what: str) -> None:
        wrong.extend(f"{what}: {fault}" for fault in faults(watched))

    with opened(browser, size=size) as watched:
        page = watched.page
        page.goto(site.at("/set-up?token=wrong"))
        look("dead set-up link")
        page.goto(site.at("/invitation?token=wrong"))
        look("dead invitation")
        page.goto(site.at("/sign-in"))
        look("sign-in")
        page.get_by_role("button", name="Continue").click()
        expect(page.locator(".error-summary")).to_be_visible()
        look("sign-in with errors")
        give_password(page, site.owner)
        look("code")
        page.get_by_role("link", name="Use a recovery code instead").click()
        look("recovery code")
    assert not wrong, "\n".join(wrong)


def test_pages_work_without_scripts(site: Site, browser: Browser, signed_in: Page) -> None:
    with opened(browser, scripts=False, cookies=signed_in.context.cookies()) as watched:
        page = watched.page
        page.goto(site.at("/people?view=everyone"))
        page.get_by_role("link", name="Team").click()
        assert "sort=" in page.url
        page.get_by_role("link", name="Next page").click()
        expect(page.locator(".pager")).to_contain_text("51–100")  # noqa: RUF001 - a range takes an en dash
        page.goto(site.at("/people?q=person7@corp.local"))
        expect(page.locator("#listing tbody tr")).to_have_count(1)


def faults(watched: Watched) -> list[str]:
    """What is wrong with the page as it is: a wide one in light, a narrow one in dark; the components the other way."""
    page = watched.page
    found = [*unexpected(watched), *watched.violations()]
    watched.complaints.clear()
    page.emulate_media(color_scheme="light" if page.viewport_size == WIDE else "dark", reduced_motion="reduce")
    found += axe(page)
    if scrolls_sideways(page):
        found.append("is wider than the window")
    if not any(part in page.url for part in SHOWS_IDS):
        found += [f"shows {raw}" for raw in RAW.findall(page.inner_text("body"))]
    return found


def _last_part(page: Page, address: str, link: str) -> str:
    page.goto(address)
    return str(page.locator(link).first.get_attribute("href")).rpartition("/")[2]

"""One installation for the stories that share it, and a browser for each module."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hatch_build import build
from tests.browser import chromium
from tests.journeys.site import DIRECTORY, Site, connect, correct_token, installed, quiet, set_up, sync
from tests.journeys.visitors import sign_in

FEW, MANY = 300, 10_000


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """The front end as the sources are now."""
    build()


@pytest.fixture(scope="session")
def version(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--postgres"))


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, version: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Set up, its directory connected with a token that was wrong at first, synced, and deciding who has left."""
    users = MANY if request.config.getoption("--prove") else FEW
    with installed(tmp_path_factory.mktemp("site"), version, users=users) as site:
        with chromium() as browser, quiet(browser) as page:
            set_up(page, site)
            connect(page, site, site.directory, DIRECTORY, is_directory=True, token="wrong")
            expect(page.get_by_text("The token was refused")).to_be_visible(timeout=30_000)
            correct_token(page, site.directory)
            sync(page, read=3 * users + 12)
            page.get_by_role("button", name=f"Let {DIRECTORY} decide").click()
            expect(page.get_by_role("region", name="Messages")).to_contain_text(
                f"{DIRECTORY} now decides who has left."
            )
            page.goto(site.at("/"))
            figures = page.get_by_role("region", name="Key figures")
            active = figures.get_by_role("link", name="People").inner_text()
        yield replace(site, active=active)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one module: while it runs, this thread cannot start an event loop of its own."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Site) -> Iterator[Page]:
    """The owner's browser, for the tests of one module."""
    with quiet(browser) as page:
        sign_in(page, site.origin, site.owner)
        yield page


@pytest.fixture
def owner(signed_in: Page, site: Site) -> Page:
    """The owner at the first page."""
    signed_in.goto(site.at("/"))
    return signed_in


@pytest.fixture
def fresh_home(tmp_path: Path) -> Path:
    """A place for an installation of one story alone."""
    return tmp_path

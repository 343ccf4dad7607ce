"""An installation as an organisation begins with it: started, set up through the wizard, its directory connected and synced.

Everything happens in Chromium, against ``python -m app run`` and a real SCIM server.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.browser import Watched, opened
from tests.journeys.visitors import Visitor, enrol
from tests.peers import scim
from tests.supervisor.running import Installation, Running

ORGANISATION = "Northwind"
DIRECTORY = "Company directory"
EXPECTED_COMPLAINT = (
    "Failed to load resource: the server responded with a status of 4"  # what Chromium says of a refusal
)
_PATIENCE = 240_000


@dataclass(frozen=True)
class Site:
    """A running installation, its first owner, and the directory that is or can be connected.

    ``active`` is what the first page says of people once the directory has been read, before a story adds anybody.
    """

    origin: str
    link: str
    owner: Visitor
    directory: scim.Peer
    tool: scim.Peer
    users: int
    active: str = ""

    def at(self, path: str) -> str:
        return self.origin + path


@contextmanager
def installed(home: Path, version: int, *, users: int) -> Iterator[Site]:
    """An installation that has just been started, beside a directory of ``users`` users and a tool that five of them use."""
    with ExitStack() as stack:
        directory = stack.enter_context(scim.start(users=users, groups=12))
        tool = stack.enter_context(scim.start(users=5, groups=2))
        hosts = ",".join(urlsplit(peer.url).netloc for peer in (directory, tool))
        running: Running = stack.enter_context(Installation(home, version).run(ALLOWED_INTERNAL_HOSTS=hosts))
        link = running.wait_for_line("Set up: ").removeprefix("Set up: ")
        origin = f"http://127.0.0.1:{running.installation.port}"
        yield Site(origin, link, Visitor("Olive Owner", "olive@corp.local"), directory, tool, users)


@contextmanager
def quiet(browser: Browser, **options: object) -> Iterator[Page]:
    """A fresh browser profile; fails when a page complains: an error of a script, a violation of the policy."""
    with opened(browser, **options) as watched:  # type: ignore[arg-type]
        yield watched.page
        assert unexpected(watched) == []


def unexpected(watched: Watched) -> list[str]:
    """What a page complained about, but for refusals that the story asked for."""
    return [line for line in watched.complaints if not line.startswith(EXPECTED_COMPLAINT)]


def set_up(page: Page, site: Site) -> None:
    """Through the wizard, stumbling where people stumble; ends signed in, at the integrations."""
    page.goto(site.link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your organisation")
    page.get_by_label("Name").fill(ORGANISATION)
    page.get_by_role("combobox", name="Time zone").fill("Amsterdam")
    page.keyboard.press("Enter")
    page.get_by_label("Fiscal year starts in").select_option("April")
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_role("button", name="Continue").click()
    _introduce_the_owner(page, site.owner)
    enrol(page, site.owner)
    expect(page).to_have_url(site.at("/integrations"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")


def _introduce_the_owner(page: Page, owner: Visitor) -> None:
    page.get_by_role("button", name="Continue").click()
    summary = page.locator(".error-summary")
    expect(summary).to_contain_text("Your name is required.")
    expect(summary).to_be_focused()
    page.get_by_label("Your name").fill(owner.name)
    page.get_by_label("E-mail address").fill(owner.email)
    page.get_by_label("Password", exact=True).fill("password1234")
    page.get_by_role("button", name="Continue").click()
    expect(summary).to_contain_text("This password")
    assert page.get_by_label("Your name").input_value() == owner.name
    assert page.get_by_label("Password", exact=True).input_value() == ""
    page.get_by_label("Password", exact=True).fill(owner.password)
    page.get_by_role("button", name="Continue").click()


def connect(page: Page, site: Site, peer: scim.Peer, name: str, *, is_directory: bool, token: str = "") -> None:
    """Fill in the form of a new SCIM connection, synced by hand only, with the app that it makes; ends on its page."""
    page.goto(site.at("/integrations"))
    page.get_by_role("link", name="SCIM 2.0").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Address of the SCIM service").fill(peer.url)
    page.get_by_label("Bearer token", exact=True).fill(token or peer.token)
    page.get_by_label("This system is a directory of our people").set_checked(is_directory)
    page.get_by_label("Sync", exact=True).select_option("By hand only")
    page.get_by_role("button", name="Save and test connection").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def correct_token(page: Page, peer: scim.Peer) -> None:
    """Enter another token on the settings of the connection that is shown, and test it."""
    _more(page)
    page.get_by_role("group", name="More actions").get_by_role("link", name="Settings").click()
    page.get_by_label("Bearer token").fill(peer.token)
    page.get_by_role("button", name="Save settings").click()
    _more(page)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The test succeeded")).to_be_visible(timeout=30_000)


def sync(page: Page, read: int) -> None:
    """Sync the connection that is shown; its progress is seen, and the page itself says when it is done."""
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("heading", name="Sync under way")).to_be_visible()
    latest = page.locator("#history tbody tr").first
    expect(latest).to_contain_text("Done", timeout=_PATIENCE)
    expect(page.locator("h1")).to_contain_text("Fresh")
    expect(latest.get_by_text(f"{read:,}", exact=True).first).to_be_visible()


def invite(owner: Page, site: Site, guest: Visitor, role: str) -> str:
    """Add a user with one role; the link that they are to get."""
    owner.goto(site.at("/settings/users/new"))
    owner.get_by_label("Name").fill(guest.name)
    owner.get_by_label("E-mail address").fill(guest.email)
    owner.get_by_label(role, exact=True).check()
    owner.get_by_role("button", name="Add user").click()
    return owner.locator(".secret code").inner_text()


def _more(page: Page) -> None:
    page.get_by_role("button", name="More actions").click()

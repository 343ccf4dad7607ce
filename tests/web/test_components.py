"""Every component in every state, in a real browser: accessible, within the policy, as wide as the window."""

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.browser import NARROW, WIDE, axe, opened, scrolls_sideways
from tests.web.examples import PAGES


@pytest.mark.parametrize(("size", "dark"), [(WIDE, True), (NARROW, False)], ids=["1440 and dark", "390 and light"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_and_the_policy_find_nothing(
    browser: Browser, origin: str, page: str, size: ViewportSize, dark: bool
) -> None:
    with opened(browser, size=size, dark=dark) as watched:
        watched.page.goto(f"{origin}/dev/components{page}")
        watched.page.wait_for_function("document.fonts.status === 'loaded'")
        assert axe(watched.page) == []
        assert watched.violations() == []
        assert not scrolls_sideways(watched.page)
        assert [line for line in watched.complaints if "status of" not in line] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_reflows_at_320_pixels(browser: Browser, origin: str, page: str) -> None:
    with opened(browser, size=ViewportSize(width=320, height=640)) as watched:
        watched.page.goto(f"{origin}/dev/components{page}")
        assert not scrolls_sideways(watched.page)


def test_axe_would_find_something(browser: Browser, origin: str) -> None:
    with opened(browser) as watched:
        watched.page.goto(f"{origin}/dev/components/sign-in")
        watched.page.evaluate("document.querySelector('label').remove()")
        assert any(line.startswith("label:") for line in axe(watched.page))


def test_the_policy_would_be_noticed(browser: Browser, origin: str) -> None:
    with opened(browser) as watched:
        watched.page.goto(f"{origin}/dev/components/sign-in")
        watched.page.evaluate("document.querySelector('h1').setAttribute('style', 'color: red')")
        assert any("style-src" in line for line in watched.violations())


def test_print_shows_the_content_and_not_the_frame(browser: Browser, origin: str) -> None:
    with opened(browser) as watched:
        watched.page.goto(f"{origin}/dev/components/list")
        watched.page.emulate_media(media="print")
        assert not watched.page.locator(".sidebar").is_visible()
        assert not watched.page.locator(".toolbar").is_visible()
        assert watched.page.locator("tbody tr").last.is_visible()


def test_state_survives_forced_colours(browser: Browser, origin: str) -> None:
    with opened(browser) as watched:
        watched.page.goto(f"{origin}/dev/components/list")
        watched.page.emulate_media(forced_colors="active")
        shown = "getComputedStyle(document.querySelector('{}')).backgroundColor"
        current = watched.page.evaluate(shown.format(".views [aria-current]"))
        other = watched.page.evaluate(shown.format(".views a:not([aria-current])"))
        assert current != other

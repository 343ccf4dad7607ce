"""What the pages do in a real browser: focus, announcements, the address, keys, trouble."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Watched, axe, opened


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    with opened(browser) as page:
        yield page
        assert page.violations() == []


@pytest.fixture
def people(watched: Watched, origin: str) -> Page:
    """The example list."""
    watched.page.goto(f"{origin}/dev/components/list?view=all")
    return watched.page


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_an_error_in_a_part_leaves_the_list_standing_and_is_told(people: Page) -> None:
    people.fill("#listing-q", "boom")
    expect(people.locator("#trouble")).to_contain_text("The fault is ours")
    assert people.locator("tbody tr").count() == 30
    assert people.input_value("#listing-q") == "boom"
    people.fill("#listing-q", "ada")
    expect(people.locator("tbody tr")).to_have_count(5)
    assert people.locator("#trouble").count() == 0


def test_a_page_in_answer_to_a_part_is_gone_to(people: Page, origin: str) -> None:
    people.fill("#listing-q", "gone")
    people.wait_for_url(f"{origin}/dev/components/sign-in")


def test_a_lost_network_is_told_and_loses_nothing(people: Page) -> None:
    people.context.set_offline(True)
    people.fill("#listing-q", "ada")
    expect(people.locator("#trouble")).to_contain_text("cannot be reached")
    assert people.input_value("#listing-q") == "ada"


def test_text_in_angle_brackets_is_text(people: Page) -> None:
    assert "Gil <b>Bold</b>" in people.inner_text("tbody")


def test_sorting_changes_the_address_and_keeps_focus_on_the_head(people: Page) -> None:
    people.focus("#listing-sort-team")
    people.keyboard.press("Enter")
    expect(people.locator("th[aria-sort]")).to_have_text("Team")
    assert "sort=team" in people.url
    assert focused(people) == "listing-sort-team"
    people.go_back()
    expect(people.locator("th[aria-sort]")).to_have_text("Person")


def test_typing_filters_keeps_focus_and_says_the_count(people: Page) -> None:
    people.locator("#listing-q").press_sequentially("ada")
    expect(people.locator("tbody tr")).to_have_count(5)
    assert focused(people) == "listing-q"
    assert "q=ada" in people.url
    assert "420 people" in people.inner_text("#live")


def test_a_filter_that_finds_nothing_says_what_to_do(people: Page) -> None:
    people.fill("#listing-q", "zzz")
    expect(people.locator(".empty")).to_contain_text("Nothing fits these filters")
    assert axe(people) == []


def test_a_range_is_selected_and_any_change_of_the_list_clears_it_and_says_so(people: Page) -> None:
    people.locator("#row-2 input").click()
    people.locator("#row-5 input").click(modifiers=["Shift"])
    assert people.inner_text("[data-count]") == "4"
    assert axe(people) == []
    people.fill("#listing-q", "ada")
    expect(people.locator(".bulk")).to_be_hidden()
    assert "Selection cleared" in people.inner_text("#live")
    assert people.locator("tbody input:checked").count() == 0


def test_all_that_match_are_selected_by_question_and_count(people: Page) -> None:
    people.locator("#row-2 input").click()
    people.click("[data-matching]")
    assert people.inner_text("[data-count]") == "420"
    sent = people.evaluate("[...new FormData(document.querySelector('.bulk'))].filter(([name]) => name !== 'id')")
    assert sent == [["matching", "view=all"], ["count", "420"]]


def test_selected_rows_are_what_the_bar_sends(people: Page) -> None:
    people.locator("#row-2 input").click()
    assert people.evaluate("[...new FormData(document.querySelector('.bulk'))]") == [["id", "2"]]


def test_rows_are_walked_previewed_and_left_by_keys(people: Page) -> None:
    people.focus("#row-0")
    people.keyboard.press("j")
    people.keyboard.press("ArrowDown")
    assert focused(people) == "row-2"
    people.keyboard.press("Space")
    expect(people.locator("#drawer h2")).to_have_text("Ada Byron")
    assert "peek=2" in people.url
    assert focused(people) == "row-2"
    assert axe(people) == []
    people.keyboard.press("Escape")
    assert not people.locator("#drawer").is_visible()
    assert "peek" not in people.url
    assert focused(people) == "row-2"
    people.keyboard.press("x")
    assert people.locator("#row-2 input").is_checked()


def test_an_address_with_a_preview_opens_it(watched: Watched, origin: str) -> None:
    watched.page.goto(f"{origin}/dev/components/list?peek=3")
    expect(watched.page.locator("#drawer h2")).to_be_visible()


def test_letters_act_only_on_a_row(people: Page) -> None:
    people.locator("#listing-q").press_sequentially("x?/")
    assert people.input_value("#listing-q") == "x?/"
    assert people.locator("input:checked").count() == 0
    assert not people.locator("#keys").is_visible()


def test_slash_filters_question_mark_shows_keys_f6_goes_round(people: Page) -> None:
    people.keyboard.press("/")
    assert focused(people) == "listing-q"
    people.evaluate("document.activeElement.blur()")
    people.keyboard.press("?")
    assert people.locator("#keys").is_visible()
    assert axe(people) == []
    people.keyboard.press("Escape")
    people.keyboard.press("F6")
    assert people.evaluate("document.activeElement.closest('.nav') !== null")
    people.keyboard.press("F6")
    people.keyboard.press("F6")
    assert focused(people) == "row-0"


def test_the_palette_opens_walks_and_goes(people: Page, origin: str) -> None:
    people.keyboard.press("Control+k")
    assert people.locator("#palette").is_visible()
    assert axe(people) == []
    people.keyboard.press("ArrowDown")
    assert people.inner_text("#palette [aria-selected=true]") == "Apps"
    assert people.get_attribute("#palette input", "aria-activedescendant") == "palette-page-2"
    people.keyboard.press("Enter")
    people.wait_for_url(f"{origin}/apps")


def test_a_destructive_act_asks_in_its_own_words_and_gives_focus_back(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components")
    page.click("#example-confirm-opener")
    dialog = page.locator("#example-confirm")
    assert page.evaluate("document.querySelector('#example-confirm').matches(':modal')")
    assert axe(page) == []
    assert dialog.locator("button").last.inner_text() == "Remove 3 people from Figma"
    dialog.get_by_text("Cancel").click()
    assert not dialog.is_visible()
    assert focused(page) == "example-confirm-opener"


def test_a_poll_asks_until_it_is_done_and_says_so(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components")
    expect(page.locator("#sync")).to_contain_text("412 users read", timeout=10_000)
    assert page.inner_text("#live") == "Sync finished: 412 users, 3 changes"
    assert page.get_attribute("#sync", "hx-get") is None


def test_what_is_wrong_takes_focus_and_leads_to_the_field(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components/form")
    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.get_by_role("link", name="Choose a status").click()
    assert focused(page) == "field-status"
    page.get_by_role("link", name="Choose at least one source").click()
    assert focused(page) == "field-sources"


def test_a_combobox_is_typed_into_and_sends_its_choice(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components/form")
    page.click("#field-zone")
    page.keyboard.type("pa")
    assert page.locator("#field-zone-list [role=option]").all_inner_texts() == ["Europe/Paris", "Pacific/Auckland"]
    assert axe(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#field-zone") == "Pacific/Auckland"
    assert page.evaluate("new FormData(document.querySelector('.form')).get('zone')") == "Pacific/Auckland"
    page.locator("#field-zone").fill("nowhere")
    assert axe(page) == []
    page.keyboard.press("Escape")
    assert page.input_value("#field-zone") == "Pacific/Auckland"


def test_a_password_is_shown_and_hidden_and_a_code_loses_its_spaces(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components/form")
    page.get_by_role("button", name="Show password").click()
    assert page.get_attribute("#field-secret", "type") == "text"
    page.get_by_role("button", name="Hide password").click()
    assert page.get_attribute("#field-secret", "type") == "password"
    page.fill("#field-code", "123 456")
    assert page.input_value("#field-code") == "123456"


def test_a_chosen_file_is_named(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components/form")
    page.set_input_files("#field-file", {"name": "people.csv", "mimeType": "text/csv", "buffer": b"a,b\n"})
    assert page.inner_text("[data-chosen]") == "people.csv, 1 kB"


def test_a_secret_is_copied(watched: Watched, origin: str) -> None:
    page = watched.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    page.goto(f"{origin}/dev/components/settings")
    page.get_by_role("button", name="Copy the key").click()
    expect(page.locator("#live")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "JBSW Y3DP EHPK 3PXP"


def test_the_theme_follows_at_once_and_stays(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components/list")
    page.click("#theme-opener")
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_without_scripts_sorting_filtering_confirming_and_the_theme_still_work(browser: Browser, origin: str) -> None:
    with opened(browser, scripts=False) as watched:
        page = watched.page
        page.goto(f"{origin}/dev/components/list")
        page.click("#listing-sort-team")
        assert "sort=team" in page.url
        page.fill("#listing-q", "ada")
        page.keyboard.press("Enter")
        page.wait_for_url("**/list?*q=ada*")
        assert "sort=team" in page.url
        page.click("#theme-opener")
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert "q=ada" in page.url
        page.goto(f"{origin}/dev/components")
        page.click("#example-confirm-opener")
        assert page.get_by_role("button", name="Remove 3 people from Figma", exact=True).is_visible()


def test_a_list_can_be_skipped_to(people: Page) -> None:
    people.keyboard.press("Tab")
    people.keyboard.press("Tab")
    assert people.evaluate("document.activeElement.textContent") == "Skip to table"
    people.keyboard.press("Enter")
    assert focused(people) == "listing-table"


def test_less_motion_stops_what_spins(people: Page) -> None:
    people.emulate_media(reduced_motion="reduce")
    assert people.evaluate("getComputedStyle(document.querySelector('.busy')).animationDuration") == "0s"


def test_a_form_goes_out_once(watched: Watched, origin: str) -> None:
    page = watched.page
    page.goto(f"{origin}/dev/components/form")
    page.evaluate(
        "window.sent = 0; document.querySelector('.form').addEventListener('submit', () => window.sent++, true)"
    )
    outcome = page.evaluate(
        """() => {
          const form = document.querySelector('.form');
          const button = form.querySelector('.form-actions button');
          const stop = (event) => window.stopped.push(event.defaultPrevented);
          window.stopped = [];
          window.addEventListener('submit', (event) => { stop(event); event.preventDefault(); });
          form.requestSubmit(button); form.requestSubmit(button);
          return [window.stopped, button.getAttribute('aria-busy')];
        }"""
    )
    assert outcome == [[False, True], "true"]

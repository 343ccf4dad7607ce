"""The shell by keyboard alone: skip links, a visible focus on every stop, palette, keys, filter, rows, and back."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.site import Site

FOCUS = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const rings = [at, at.closest("label"), at.closest("tr")?.firstElementChild].filter(Boolean).map(getComputedStyle);
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 12));
  return {
    name: (at.getAttribute("aria-label") || at.innerText || at.id || at.tagName).trim().split("\\n")[0],
    isRinged: rings.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none"),
    isSeen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && (at.contains(middle) || middle?.contains(at)),
  };
}"""


@pytest.fixture
def people(owner: Page, site: Site) -> Page:
    owner.goto(site.at("/people?q=person10"))
    owner.emulate_media(reduced_motion="reduce")
    return owner


def test_every_stop_of_the_first_two_dozen_is_seen_and_ringed(people: Page) -> None:
    stops = []
    for _ in range(24):
        people.keyboard.press("Tab")
        stops.append(people.evaluate(FOCUS))
    assert [stop["name"] for stop in stops[:2]] == ["Skip to content", "Skip to table"]
    assert [stop["name"] for stop in stops if not (stop["isRinged"] and stop["isSeen"])] == []
    assert len({stop["name"] for stop in stops}) > 18


def test_the_skip_links_skip(people: Page) -> None:
    people.keyboard.press("Tab")
    people.keyboard.press("Enter")
    assert people.evaluate("document.activeElement.id") == "main"
    people.reload()
    people.keyboard.press("Tab")
    people.keyboard.press("Tab")
    people.keyboard.press("Enter")
    people.keyboard.press("Tab")
    assert people.evaluate("!!document.activeElement.closest('#listing-table')")


def test_rows_are_walked_peeked_and_opened(people: Page) -> None:
    people.keyboard.press("/")
    expect(people.locator("#listing-q")).to_be_focused()
    people.keyboard.press("F6")
    rows = people.locator("tr[data-key]")
    expect(rows.first).to_be_focused()
    people.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    people.keyboard.press("Space")
    expect(people.locator("#drawer h2")).to_be_visible()
    people.keyboard.press("Escape")
    expect(people.locator("#drawer")).to_be_hidden()
    expect(rows.nth(1)).to_be_focused()
    people.keyboard.press("Enter")
    people.wait_for_url("**/people/*")
    people.go_back()
    expect(people.locator("#listing-q")).to_have_value("person10")


def test_palette_and_sheet_of_keys_open_lead_and_give_the_focus_back(people: Page) -> None:
    people.locator("[data-palette]").focus()
    people.keyboard.press("Control+k")
    expect(people.get_by_role("combobox", name="Search")).to_be_focused()
    people.keyboard.press("Escape")
    expect(people.locator("[data-palette]")).to_be_focused()
    people.keyboard.press("?")
    expect(people.get_by_role("heading", name="Keys")).to_be_visible()
    people.keyboard.press("Escape")
    expect(people.get_by_role("heading", name="Keys")).to_be_hidden()
    people.keyboard.press("Control+k")
    people.keyboard.type("audit")
    expect(people.get_by_role("option", selected=True)).to_have_text("Audit trail")
    people.keyboard.press("Enter")
    people.wait_for_url("**/audit-trail")


def test_menu_and_confirmation_open_and_close_by_keys(owner: Page, site: Site) -> None:
    owner.goto(site.at("/settings/sessions"))
    opener = owner.get_by_role("button", name="Your account")
    opener.focus()
    owner.keyboard.press("Enter")
    expect(owner.get_by_role("button", name="Sign out")).to_be_visible()
    owner.keyboard.press("Escape")
    expect(owner.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(opener).to_be_focused()

"""The second story: an organisation with spreadsheets and nothing else sees its leavers with access, and undoes an import."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.journeys.files import ACCOUNTS, APPS, PEOPLE, write_csv, write_xlsx
from tests.journeys.reading import download
from tests.journeys.site import Site, installed, quiet, set_up


def test_spreadsheets_alone_show_who_left_and_still_has_access(
    browser: Browser, version: int, fresh_home: Path
) -> None:
    with installed(fresh_home, version, users=1) as site, quiet(browser) as page:
        set_up(page, site)
        import_people(page, site, fresh_home)
        import_apps(page, site, fresh_home)
        import_accounts(page, site, fresh_home)
        see_leavers(page, site)
        undo_accounts(page, site)


def import_people(page: Page, site: Site, folder: Path) -> None:
    """Two of six rows cannot be read and come back as a file; the others become people, and the file says who left."""
    page.goto(site.at("/integrations/import"))
    page.get_by_role("button", name="Upload file").click()
    expect(page.locator(".error-summary")).to_contain_text("Choose what the file holds.")
    upload(page, site, "People", write_csv(folder / "people.csv", PEOPLE))
    expect(page.get_by_label("Last name")).to_have_value("Last Name")
    expect(page.get_by_label("Status")).to_have_value("Employment Status")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("2 rows could not be read")).to_be_visible()
    expect(counts(page, "People")).to_have_text(["4", "4", "0", "0", "0"])
    failed = download(page, "Download failed rows", folder)
    assert failed[0] == [*PEOPLE[0], "Row", "Reason"]
    assert [row[:-1] for row in failed[1:]] == [[*PEOPLE[4], "5"], [*PEOPLE[5], "6"]]
    assert "“Start Date”" in failed[1][-1]
    assert "“Work Email” is not an e-mail address" in failed[2][-1]
    page.goto(site.at("/people"))
    expect(page.get_by_role("heading", name="Nobody here yet")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Apply import").click()
    expect(page.locator("h1")).to_contain_text("Applied")
    page.goto(site.at("/integrations"))
    page.get_by_role("link", name="Spreadsheet: people").click()
    page.get_by_role("button", name="Let Spreadsheet: people decide").click()
    expect(page.get_by_role("region", name="Messages")).to_contain_text("now decides who has left")


def import_apps(page: Page, site: Site, folder: Path) -> None:
    upload(page, site, "Register of apps", write_csv(folder / "apps.csv", APPS))
    page.get_by_role("button", name="Preview").click()
    expect(counts(page, "Apps")).to_have_text(["3", "3", "0", "0", "0"])
    page.get_by_role("button", name="Apply import").click()
    expect(page.locator("h1")).to_contain_text("Applied")
    page.goto(site.at("/apps?view=managed"))
    whiteboard = page.locator("#listing tbody tr").filter(has_text="Whiteboard")
    for words in ("Boards Ltd", "Grace Hopper", "Managed"):
        expect(whiteboard).to_contain_text(words)


def import_accounts(page: Page, site: Site, folder: Path) -> None:
    upload(page, site, "Accounts of an app", write_xlsx(folder / "board.xlsx", ACCOUNTS), app="Whiteboard")
    page.get_by_role("button", name="Preview").click()
    expect(counts(page, "Accounts")).to_have_text(["3", "3", "0", "0", "0"])
    page.get_by_role("button", name="Apply import").click()
    expect(page.locator("h1")).to_contain_text("Applied")


def see_leavers(page: Page, site: Site) -> None:
    """The overview names who left and still holds an account; it leads to what they can reach, and who says so."""
    page.goto(site.at("/"))
    expect(page.get_by_role("region", name="Key figures").get_by_role("link").first).to_contain_text("1 account")
    expect(page.get_by_role("heading", name="Get started")).to_be_hidden()
    leavers = page.get_by_role("region", name="Leavers with access")
    expect(leavers).to_contain_text("Last day 30 Sep 2026")
    leavers.get_by_role("link", name="Leaf Gone").click()
    for words in ("Whiteboard", "Editor", "Spreadsheet: accounts of Whiteboard"):
        expect(page.locator("main")).to_contain_text(words)
    page.goto(site.at("/access/accounts?view=not-linked"))
    expect(page.locator("#listing tbody tr")).to_have_count(1)
    expect(page.locator("#listing tbody tr")).to_contain_text("freelancer@elsewhere.example")


def undo_accounts(page: Page, site: Site) -> None:
    page.goto(site.at("/integrations/import"))
    page.get_by_role("link", name="board.xlsx").click()
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo this import").click()
    expect(page.locator("h1")).to_contain_text("Undone")
    page.goto(site.at("/access/accounts"))
    expect(page.get_by_role("heading", name="No accounts yet")).to_be_visible()
    page.goto(site.at("/"))
    expect(page.get_by_role("region", name="Key figures").get_by_role("link").first).to_contain_text("0 accounts")


def upload(page: Page, site: Site, target: str, file: Path, app: str = "") -> None:
    page.goto(site.at("/integrations/import"))
    page.get_by_label(target, exact=True).check()
    if app:
        page.get_by_role("combobox", name="App").fill(app)
        page.keyboard.press("Enter")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload file").click()
    expect(page.locator("h1")).to_contain_text(file.name)


def counts(page: Page, kind: str):
    """The figures of one kind of record: in the file, added, changed, unchanged, removed."""
    rows = page.get_by_role("region", name="Counts table").locator("tbody tr")
    return rows.filter(has_text=kind).locator("td")

"""The pages of integrations in Chromium: an import from file to undo, a connection that waits, by keyboard and axe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, expect

from app.core.database import Database
from tests.browser import NARROW, axe, chromium, opened, scrolls_sideways, served
from tests.builders import make_app
from tests.connections.directory import directory, group, hold, users
from tests.connections.harness import Bench
from tests.connections.test_imports import ACCOUNTS, PEOPLE
from tests.connections.test_wrong_sources import UNSOUND

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def origin(application: FastAPI) -> Iterator[str]:
    """The pages as the administrator sees them."""
    identify = application.state.identify

    def administrator(request: Any, db: Any) -> Any:
        request.scope["headers"].append((b"x-role", b"administrator"))
        return identify(request, db)

    application.state.identify = administrator
    with served(application) as address:
        yield address


def test_a_spreadsheet_from_file_to_undo(browser: Browser, origin: str, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(PEOPLE + b"not an address,X,Y\r\n")
    with opened(browser) as watched:
        page = watched.page
        page.goto(f"{origin}/integrations")
        page.get_by_role("link", name="Import a file").first.click()
        page.get_by_label("People", exact=True).check()
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("button", name="Upload file").click()
        assert axe(page) == []
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("1 row could not be read")).to_be_visible()
        expect(page.get_by_role("table", name="Added").get_by_text("Ada Lovelace")).to_be_visible()
        assert axe(page) == []
        page.get_by_role("button", name="Apply import").click()
        expect(page.get_by_text("Applied", exact=True).first).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("dialog").get_by_role("button", name="Undo this import").click()
        expect(page.get_by_text("Undone", exact=True).first).to_be_visible()
        assert watched.complaints == []
        assert watched.violations() == []


def test_each_page_of_integrations_is_accessible(browser: Browser, origin: str, bench: Bench, tmp_path: Path) -> None:
    """With all that a run can end as, narrow and dark; the journeys look at each page wide and in light too."""
    from tests.connections.sheets import apply, bring

    with bench.database.transaction() as db:
        zoom = make_app(db, "Zoom")
    imported = bring(bench.database, "accounts", ACCOUNTS, app_id=zoom)
    apply(bench.database, imported)
    with directory(users(*range(12)), [group(0, *range(12))]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        peer.behave = UNSOUND["half a list"]()
        bench.sync(connection, peer)
        hold(peer, users(*range(6)), [group(0, *range(6))])
        waiting = bench.sync(connection, peer)
    paths = (
        "", "/new/scim", f"/{connection}", f"/{connection}/settings", f"/{connection}/remove",
        f"/{connection}/syncs/{waiting.sync.id}", "/import", f"/import/{imported}",
    )  # fmt: skip
    with opened(browser, size=NARROW, dark=True) as watched:
        for path in paths:
            watched.page.goto(f"{origin}/integrations{path}")
            assert axe(watched.page) == [], path
            assert watched.violations() == []
            assert not scrolls_sideways(watched.page), path
        assert watched.complaints == []

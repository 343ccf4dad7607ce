"""What a story reads from what the product gives out."""

import csv
import io
from pathlib import Path

from playwright.sync_api import Page


def download(page: Page, link: str, folder: Path) -> list[list[str]]:
    """Follow a link to a CSV file; its rows, head and foot included."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).click()
    path = folder / "file.csv"
    waiting.value.save_as(path)
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))

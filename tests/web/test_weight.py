"""What a first visit weighs, gzipped."""

import gzip

import pytest

from app.web.static_files import DIRECTORY, static_files

BUDGET = {"main.js": 25_000, "app.css": 15_000, "icons.svg": 8_000}
FONT = 50_000


@pytest.mark.parametrize("name", BUDGET)
def test_a_file_stays_within_its_budget(name: str) -> None:
    built = static_files().address(name).rpartition("/")[2]
    assert len(gzip.compress((DIRECTORY / built).read_bytes(), 9)) < BUDGET[name]


def test_the_font_stays_within_its_budget() -> None:
    built = static_files().address("inter.woff2").rpartition("/")[2]
    assert (DIRECTORY / built).stat().st_size < FONT


def test_colours_are_written_in_one_file_only() -> None:
    import re

    css = DIRECTORY.parent / "frontend" / "css"
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|oklab)a?\(")
    sheets = [sheet for sheet in css.rglob("*.css") if sheet.name != "tokens.css"]
    assert sheets
    assert [sheet.name for sheet in sheets if colour.search(sheet.read_text("utf-8"))] == []


def test_important_is_for_print_and_forced_colours() -> None:
    css = DIRECTORY.parent / "frontend" / "css"
    loud = {sheet.name for sheet in css.rglob("*.css") if "!important" in sheet.read_text("utf-8")}
    assert loud <= {"reset.css", "print.css", "forced-colors.css"}

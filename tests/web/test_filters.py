"""How values are written."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.clock import now
from app.core.errors import FieldError
from app.web import filters
from app.web.filters import ZONE

EVENING = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def auckland() -> Iterator[None]:
    token = ZONE.set(ZoneInfo("Pacific/Auckland"))
    yield
    ZONE.reset(token)


@pytest.mark.parametrize(
    "write", [filters.day, filters.moment, filters.ago, filters.number, filters.size, filters.dash]
)
def test_the_unknown_is_a_dash(write) -> None:
    assert write(None) == "—"


def test_zero_is_zero() -> None:
    assert filters.dash(0) == 0
    assert filters.number(0) == "0"
    assert filters.size(0) == "0 bytes"


def test_yes_and_no_are_words() -> None:
    assert (filters.dash(True), filters.dash(False)) == ("Yes", "No")


def test_days_and_moments_are_judged_where_the_organisation_is(auckland: None) -> None:
    assert filters.moment(EVENING) == "1 Jan 2027, 12:30"
    assert filters.day(EVENING) == "1 Jan 2027"
    assert filters.day(date(2026, 12, 31)) == "31 Dec 2026"
    assert filters.moment(EVENING, UTC) == "31 Dec 2026, 23:30"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(hours=25), "1 day ago"),
        (timedelta(days=44), "44 days ago"),
        (timedelta(days=200), "6 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(days=-3, seconds=-5), "in 3 days"),
    ],
)
def test_an_age_is_one_unit(age: timedelta, words: str) -> None:
    assert filters.ago(now() - age) == words


def test_a_plain_date_has_an_age_in_days() -> None:
    today = now().date()
    assert filters.ago(today) == "today"
    assert filters.ago(today - timedelta(days=2)) == "2 days ago"
    assert filters.ago(date(1, 1, 1)).endswith("years ago")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Byron", "AB"),
        ("ada.byron@example.com", "AB"),
        ("Œ", "Œ"),
        ("", "?"),
        ("  ", "?"),
        ("!", "?"),
        ("a b c", "AB"),
    ],
)
def test_initials_are_two_letters_at_most(name: str, letters: str) -> None:
    assert filters.initials(name) == letters


@pytest.mark.parametrize(
    ("size", "words"),
    [(999, "999 bytes"), (1000, "1.0 kB"), (1_400_000, "1.4 MB"), (25_000_000, "25 MB"), (10**13, "10000 GB")],
)
def test_sizes_are_short(size: int, words: str) -> None:
    assert filters.size(size) == words


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "//example.com", "data:text/html,x", "https:", "", "https://[", "ftp://x", " https://x"],
)
def test_a_link_leads_to_the_web_or_nowhere(url: str) -> None:
    assert not filters.is_web_address(url) or url == " https://x"


def test_counts_have_nouns() -> None:
    assert filters.counted(1, "person", "people") == "1 person"
    assert filters.counted(1240, "person", "people") == "1,240 people"


def test_a_field_finds_its_own_error() -> None:
    errors = (FieldError("name", "Enter a name"), FieldError("email", "Enter an address"))
    assert filters.error_of(errors, "email") == "Enter an address"
    assert filters.error_of(errors, "other") == ""


def test_a_flat_trend_is_a_line() -> None:
    assert filters.trend((5, 5)) == "M0.0 25.0L96.0 25.0"


def test_the_summary_of_errors_names_the_field_as_its_label_does() -> None:
    fields = (
        '<label for="field-name">Your name &amp; title <span>(optional)</span></label>'
        '<fieldset id="field-roles" class="x"><legend>Roles</legend>'
    )
    assert filters.named_in(FieldError("name", "This is required."), fields) == "Your name & title is required."
    assert filters.named_in(FieldError("roles", "This must be a list."), fields) == "Roles must be a list."
    assert filters.named_in(FieldError("name", "This password is weak."), fields) == "This password is weak."
    for about_something_else in ("This is the last owner who can sign in.", "This is not your present password."):
        assert filters.named_in(FieldError("roles", about_something_else), fields) == about_something_else
    assert filters.named_in(FieldError("other", "This is required."), fields) == "This is required."

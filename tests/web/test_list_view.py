"""The addresses of a list: what they keep, what they drop, what they say."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.listing import Page
from app.web.list_view import Filter, ListView, View

VIEWS = (View("all", "All people", 420), View("left", "Left with access"))
FILTERS = (Filter("status", "Status", (("active", "Active"), ("left", "Left"))),)


def people(*params: tuple[str, str], page: Page | None = None, sort: str = "name") -> ListView:
    return ListView(
        "/people", params, "people", sort, page or Page(("a",) * 50, "n", "p", 420), VIEWS, FILTERS, "Filter"
    )


def asked(url: str | None) -> list[tuple[str, str]]:
    assert url is not None
    assert urlsplit(url).path == "/people"
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


@pytest.mark.parametrize("at", ["", "0", "-5", "x", "٣", "1e9", "9" * 400])
def test_a_place_that_makes_no_sense_is_the_beginning_or_unknown(at: str) -> None:
    assert people(("at", at)).range in {"1\u201350 of 420", "50 shown"}


def test_a_view_that_does_not_exist_is_the_first() -> None:
    assert people(("view", "nonsense")).view == "all"
    assert people().view == "all"


def test_sorting_starts_at_the_top_and_keeps_the_question() -> None:
    url = people(("q", "ada"), ("cursor", "c"), ("at", "51"), ("peek", "3"), ("status", "left")).sort_url(
        "name", descending_first=False
    )
    assert asked(url) == [("q", "ada"), ("status", "left"), ("sort", "-name")]


@pytest.mark.parametrize(
    ("sort", "key", "numeric", "expected"),
    [
        ("name", "name", False, "-name"),
        ("-name", "name", False, "name"),
        ("name", "seats", True, "-seats"),
        ("-seats", "seats", True, "seats"),
        ("name", "team", False, "team"),
    ],
)
def test_a_head_sorts_and_then_turns_round(sort: str, key: str, numeric: bool, expected: str) -> None:
    assert asked(people(sort=sort).sort_url(key, numeric)) == [("sort", expected)]


def test_the_sorted_head_says_which_way() -> None:
    assert people(sort="-name").sorted_by("name") == "descending"
    assert people(sort="name").sorted_by("name") == "ascending"
    assert people(sort="name").sorted_by("team") is None


def test_choices_of_a_filter_add_up_and_each_chip_takes_its_own_away() -> None:
    both = people(("status", "active"), ("status", "left"))
    assert [(chip.label, chip.value) for chip in both.chips] == [("Status", "Active"), ("Status", "Left")]
    assert asked(both.chips[0].href) == [("status", "left")]
    assert asked(people(("status", "active")).with_("status", "left")) == [("status", "active"), ("status", "left")]


def test_a_filter_that_is_not_offered_is_no_chip() -> None:
    assert people(("status", "<b>"), ("other", "x")).chips == ()


def test_another_view_leaves_the_filters_of_this_one() -> None:
    assert asked(people(("status", "left"), ("q", "a")).view_url("left")) == [("view", "left")]
    assert people(("status", "left")).view_url("all") == "/people"


def test_the_search_form_keeps_all_but_its_own_box_and_the_place() -> None:
    assert people(("q", "a"), ("cursor", "c"), ("sort", "-name"), ("status", "left")).kept == (
        ("sort", "-name"),
        ("status", "left"),
    )


def test_the_pager_counts_along() -> None:
    second = people(("at", "51"), ("cursor", "c"))
    assert second.range == "51\u2013100 of 420"
    assert asked(second.next_url) == [("cursor", "n"), ("at", "101")]
    assert asked(second.previous_url) == [("cursor", "p"), ("at", "1")]
    last = people(("at", "401"), page=Page(("a",) * 20, None, "p", 420))
    assert last.range == "401\u2013420 of 420"
    assert last.next_url is None
    assert asked(last.previous_url) == [("cursor", "p"), ("at", "351")]


def test_without_a_count_the_pager_says_what_is_shown() -> None:
    uncounted = people(page=Page(("a",) * 50, "n"))
    assert uncounted.range == "50 shown"
    assert uncounted.summary == "50 people"


def test_an_empty_list_is_zero() -> None:
    assert people(page=Page((), total=0)).range == "0 people"


def test_one_is_not_called_many() -> None:
    assert people(page=Page(("a",), total=1)).summary == "1 found"


def test_an_export_asks_the_same_question_elsewhere() -> None:
    assert people(("q", "a&b"), ("cursor", "c")).url_at("/people.csv") == "/people.csv?q=a%26b"
    assert people().url_at("/people.csv") == "/people.csv"


@given(st.lists(st.tuples(st.sampled_from(["q", "status", "x"]), st.text(st.characters(exclude_categories=["Cs"])))))
def test_whatever_was_asked_is_asked_again(params: list[tuple[str, str]]) -> None:
    assert asked(people(*params).with_("y", "1")) == [*params, ("y", "1")]

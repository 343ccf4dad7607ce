"""Pages: how each way of cutting a list goes on, ends, and refuses to go in circles."""

import pytest

from connectors.sdk.errors import BrokenAnswer, ConfigurationError
from connectors.sdk.paging import Offset, PageNumber, StartIndex, Token


@pytest.mark.parametrize("cursor", ["", "x", "{", "[]", "7", '{"start":"a"}', "null"])
def test_a_cursor_that_is_none_of_ours_starts_nothing(cursor: str) -> None:
    with pytest.raises(ConfigurationError, match="Start it again"):
        StartIndex.at(cursor)


def test_the_same_page_twice_is_refused_by_every_way() -> None:
    page = ["a", "b"]
    for position in (StartIndex(), PageNumber(), Offset()):
        following = type(position).at(position.after(page, 10))
        with pytest.raises(BrokenAnswer, match="again and again"):
            following.after(page, 10)
    with pytest.raises(BrokenAnswer, match="its own next page"):
        Token.at(Token().after("t1")).after("t1")


def test_pages_of_the_same_ids_in_other_places_are_told_apart() -> None:
    following = Offset.at(Offset().after(["a", "bc"], 10))
    assert following.after(["ab", "c"], 10) is not None


def test_each_way_moves_by_what_came_and_ends_at_the_total_or_at_an_empty_page() -> None:
    assert StartIndex.at(StartIndex().after(["a", "b"], 3)).start == 3
    assert StartIndex.at(StartIndex().after(["a", "b"], 3)).after(["c"], 3) is None
    assert StartIndex().after([], None) is None
    assert StartIndex.at(StartIndex().after(["a"], None)).after([], None) is None
    assert PageNumber.at(PageNumber().after(["a"], 2)).number == 2
    assert PageNumber.at(PageNumber().after(["a"], 2)).after(["b"], 2) is None
    assert PageNumber().after([]) is None
    assert Offset.at(Offset().after(["a", "b"])).offset == 2
    assert Offset().after(["a"], 1) is None
    assert Token.at(Token().after("next")).token == "next"
    assert Token().after("") is Token().after(None) is None


def test_a_list_one_short_of_its_total_is_asked_once_more_from_zero() -> None:
    short = StartIndex.at(StartIndex().after(["b", "c"], 3))
    last = StartIndex.at(short.after([], 3))
    assert last.start == 0
    assert last.is_repeated(["b"])
    assert not last.is_repeated(["a"])
    assert last.after(["a"], 3) is None

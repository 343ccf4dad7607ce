"""The verdict on a sync: what makes it unsound, and what it survives."""

import msgspec
import pytest

from connectors.sdk.connector import Page, Stream
from connectors.sdk.errors import BrokenAnswer
from connectors.sdk.integrity import MOST_EMPTY_PAGES, Checkpoint, Sound, StreamFacts, Unsound, judge
from connectors.sdk.records import Account, Problem


def stream(key: str, *, may_be_empty: bool = True) -> Stream:
    return Stream(
        key=key,
        name=key.title(),
        kinds=frozenset({"account"}),
        fetch=lambda *_: page(0),
        may_be_empty=may_be_empty,
    )


def page(items: int, *, following: str | None = None, total: int | None = None, **more: object) -> Page:
    records = tuple(Account(source_id=f"a{i}") for i in range(items))
    return Page(records=records, next=following, items=items, total=total, **more)  # type: ignore[arg-type]


USERS, GROUPS = stream("users", may_be_empty=False), stream("groups")


def reasons(facts: dict[str, StreamFacts], *, dangling_grants: int = 0) -> str:
    verdict = judge((USERS, GROUPS), facts, dangling_grants=dangling_grants)
    return " ".join(verdict.reasons) if isinstance(verdict, Unsound) else ""


WHOLE = {"users": StreamFacts(items=3, is_drained=True), "groups": StreamFacts(is_drained=True)}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, "Users was not read to its end."),
        ({"items": 3, "is_drained": False}, "Users was not read to its end."),
        ({"items": 0}, "Users sent nothing at all."),
        ({"items": 3, "duplicates": 1}, "Users sent 1 entries twice."),
        ({"items": 3, "nameless": 2}, "Users sent 2 entries without a readable id."),
        ({"items": 3, "least_total": 4, "most_total": 4}, "Users announced 4 entries and sent 3."),
        ({"items": 3, "least_total": 3, "most_total": 4}, "Users announced 3 and then 4 entries"),
    ],
)
def test_whatever_does_not_add_up_makes_it_unsound(facts: dict[str, int], reason: str) -> None:
    users = StreamFacts(**{"is_drained": bool(facts), **facts})  # type: ignore[arg-type]
    assert reason in reasons(WHOLE | {"users": users})


def test_a_stream_that_was_never_begun_and_grants_that_lead_nowhere_make_it_unsound() -> None:
    assert "Groups was not read" in reasons({"users": WHOLE["users"]})
    assert "1,200 grants belong" in reasons(WHOLE, dangling_grants=1200)


def test_problems_with_a_known_id_leave_it_sound() -> None:
    problem = Problem(kind="account", reason="is odd", source_id="a9")
    facts = StreamFacts().counted(page(2, total=3, problems=(problem,)), duplicates=0)
    facts = facts.counted(page(1, total=3, skipped=4), duplicates=0)
    assert (facts.items, facts.problems, facts.nameless, facts.skipped) == (3, 1, 0, 4)
    assert judge((USERS, GROUPS), WHOLE | {"users": facts}) == Sound()


def test_a_page_of_nothing_but_repeats_with_more_to_come_stops_the_run() -> None:
    with pytest.raises(BrokenAnswer, match="gets nowhere"):
        StreamFacts().counted(page(2, following="more"), duplicates=2)
    assert StreamFacts().counted(page(2), duplicates=2).is_drained


def test_empty_pages_without_end_stop_the_run_and_some_do_not() -> None:
    facts = StreamFacts()
    for _ in range(MOST_EMPTY_PAGES):
        facts = facts.counted(page(0, following="more"), duplicates=0)
    assert facts.counted(page(1, following="more"), duplicates=0).empty_pages == 0
    with pytest.raises(BrokenAnswer):
        facts.counted(page(0, following="more"), duplicates=0)


def test_a_checkpoint_goes_through_the_streams_and_through_json() -> None:
    checkpoint = Checkpoint()
    read: list[tuple[str, str | None]] = []
    pages = [page(1, following="2"), page(1), page(1, following="b"), page(0)]
    while upcoming := checkpoint.upcoming((USERS, GROUPS)):
        read.append((upcoming[0].key, upcoming[1]))
        checkpoint = checkpoint.passed(upcoming[0].key, pages.pop(0), duplicates=0)
        checkpoint = msgspec.json.decode(msgspec.json.encode(checkpoint), type=Checkpoint)
    assert read == [("users", None), ("users", "2"), ("groups", None), ("groups", "b")]
    assert judge((USERS, GROUPS), checkpoint.facts) == Sound()

"""Tabs and cards that rooms lend to the rooms below them."""

from dataclasses import dataclass
from typing import Any

from app.core.actor import Actor
from app.core.permissions import Permission
from app.web.panels import Card, Panels, Tab
from app.web.render import environment

READER = Actor("user", "x@example.com", permissions=frozenset({Permission.ACCESS_READ}))
DB: Any = None


@dataclass(frozen=True)
class Leavers:
    count: int


def card(permission: str, found: object | None, order: int = 100) -> Card:
    return Card("overview", "parts/none.html", lambda db, actor, subject: found, permission, order)


def test_a_card_that_the_actor_may_not_see_is_not_even_asked() -> None:
    def ask(*_: object) -> object:
        raise AssertionError

    assert Panels(cards=[Card("overview", "x.html", ask, "trail:read")]).cards("overview", DB, READER) == ()


def test_a_card_with_nothing_to_say_is_left_out() -> None:
    panels = Panels(cards=[card("access:read", None), card("access:read", Leavers(11))])
    assert [shown.card for shown in panels.cards("overview", DB, READER)] == [Leavers(11)]


def test_cards_come_in_order_and_only_on_their_page() -> None:
    panels = Panels(cards=[card("access:read", "second", 20), card("access:read", "first", 10)])
    assert [shown.card for shown in panels.cards("overview", DB, READER)] == ["first", "second"]
    assert panels.cards("app", DB, READER) == ()


def test_tabs_come_in_order_for_their_record_and_their_reader() -> None:
    panels = Panels(
        tabs=[
            Tab("app", "accounts", "Accounts", "/apps/{id}/accounts", "access:read", 20),
            Tab("app", "overview", "Overview", "/apps/{id}", "access:read", 10),
            Tab("app", "trail", "Activity", "/apps/{id}/activity", "trail:read"),
            Tab("person", "accounts", "Accounts", "/people/{id}/accounts", "access:read"),
        ]
    )
    assert panels.tabs("app", 7, READER.permissions) == (
        ("overview", "Overview", "/apps/7", None),
        ("accounts", "Accounts", "/apps/7/accounts", None),
    )


def test_a_card_is_drawn_with_what_its_query_found() -> None:
    page = environment().overlay()
    loader = page.loader
    assert loader is not None
    import jinja2

    page.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"try/card.html": "<p>{{ card.count }} leavers</p>"}), loader])
    panels = Panels(cards=[Card("overview", "try/card.html", lambda *_: Leavers(11), "access:read")])
    source = '{% from "parts/panels.html" import cards %}{{ cards(shown) }}'
    assert "11 leavers" in page.from_string(source).render(shown=panels.cards("overview", DB, READER))

"""How a room adds a tab to a record or a card to a page of a room below it, without that room knowing.

Main builds one ``Panels`` from what each room offers and keeps it on the application; nothing registers itself.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from fastapi import Request

from app.core.actor import Actor
from app.core.database import Db
from app.web.sources import Source, source_of, sources_of

Subject = Literal["app", "person"]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of an app's or a person's record. ``href_format`` has ``{id}`` where the record's id goes."""

    subject: Subject
    key: str
    label: str
    href_format: str
    permission: str
    order: int = 100

    def href(self, record_id: object) -> str:
        """The tab's address for one record."""
        return self.href_format.format(id=record_id)


@dataclass(frozen=True, slots=True)
class Card:
    """A card of a page ("overview", "app", "person").

    ``query(db, actor, subject_id)`` returns the frozen dataclass that ``template`` shows as ``card``, or None to leave
    the card out; ``subject_id`` is None on the overview.
    """

    page: Literal["overview", "app", "person"]
    template: str
    query: Callable[[Db, Actor, Any], object | None]
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card with what its query found, for ``parts/panels.html``; ``sources`` are those that its facts may name."""

    template: str
    card: object
    sources: Mapping[UUID, Source]

    def source(self, connection_id: UUID) -> Source:
        """Who says so."""
        return source_of(self.sources, connection_id)


class Panels:
    """Everything that rooms offer, in order."""

    def __init__(self, tabs: Iterable[Tab] = (), cards: Iterable[Card] = (), request: Request | None = None) -> None:
        self._request = request
        self._tabs = tuple(sorted(tabs, key=lambda tab: tab.order))
        self._cards = tuple(sorted(cards, key=lambda card: card.order))

    def tabs(
        self, subject: Subject, record_id: object, permissions: Collection[str]
    ) -> tuple[tuple[str, str, str, None], ...]:
        """The tabs that these permissions open, as the macro ``tabs`` takes them: (key, label, href, no count)."""
        return tuple(
            (tab.key, tab.label, tab.href(record_id), None)
            for tab in self._tabs
            if tab.subject == subject and tab.permission in permissions
        )

    def cards(self, page: str, db: Db, actor: Actor, subject_id: Any = None) -> tuple[ShownCard, ...]:
        """The cards of a page that the actor may see and that have something to say. Runs their queries."""
        sources = sources_of(self._request, db) if self._request else {}
        shown = []
        for card in self._cards:
            if card.page == page and card.permission in actor.permissions:
                found = card.query(db, actor, subject_id)
                if found is not None:
                    shown.append(ShownCard(card.template, found, sources))
        return tuple(shown)

    def of(self, request: Request) -> "Panels":
        """The same, for one request, whose sources the cards may name."""
        return Panels(self._tabs, self._cards, request)


def panels_of(request: Request) -> Panels:
    """The panels of the running application, as main put them on ``app.state.panels``."""
    panels: Panels = request.app.state.panels
    return panels.of(request)

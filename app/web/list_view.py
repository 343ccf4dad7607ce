"""What a list page shows around its rows: every link of its views, sorts, filters, chips and pager is built here.

The address is the state: whatever can be seen can be linked, reloaded and printed, and works without scripts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from app.core.listing import Page

_PLACE = ("cursor", "at", "peek")  # where we are in the list; any change of what is listed starts again at its top
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class View:
    """A saved question: ``?view=key``. ``count`` is drawn beside it where it is known."""

    key: str
    label: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A menu of choices, (value, text) each; chosen ones are parameters named ``key``, more than one allowed."""

    key: str
    label: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One chosen filter, read as a sentence; ``href`` lists without it."""

    label: str
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class ListView:
    """One list as a page shows it.

    ``params`` are the request's parameters in order, ``sort`` a key with ``-`` in front for descending, ``page`` the
    keyset page that was read. ``noun`` is plural. ``search`` is the words in the search box; "" leaves it out. ``size``
    is the most rows a page shows. ``id`` is the region's, one per page and list.
    """

    path: str
    params: tuple[tuple[str, str], ...]
    noun: str
    sort: str
    page: Page[Any]
    views: tuple[View, ...] = ()
    filters: tuple[Filter, ...] = ()
    search: str = ""
    size: int = 50
    id: str = "listing"

    def url(self, **changes: str) -> str:
        """The list with some parameters changed, from its top; an empty value drops the parameter."""
        kept = [(key, value) for key, value in self.params if key not in changes and key not in _PLACE]
        return self._at(kept + [(key, value) for key, value in changes.items() if value])

    def url_at(self, path: str) -> str:
        """The same question asked at another path: the address of an export."""
        query = self.query_string
        return f"{path}?{query}" if query else path

    @property
    def query_string(self) -> str:
        """What is asked for, without the place in it."""
        return urlencode([(key, value) for key, value in self.params if key not in _PLACE])

    @property
    def term(self) -> str:
        """What is in the search box."""
        return self._first("q")

    @property
    def view(self) -> str:
        """The key of the view that is shown; the first one by default."""
        asked = self._first("view")
        return asked if any(view.key == asked for view in self.views) else (self.views[0].key if self.views else "")

    def view_url(self, key: str) -> str:
        """Another view, without the filters of this one."""
        first = not self.views or key == self.views[0].key
        return self.path if first else self._at([("view", key)])

    def sorted_by(self, key: str) -> Literal["ascending", "descending"] | None:
        """The direction if the list is sorted by this, as ``aria-sort`` wants it."""
        if self.sort.removeprefix("-") != key:
            return None
        return "descending" if self.sort.startswith("-") else "ascending"

    def sort_url(self, key: str, descending_first: bool) -> str:
        """Sort by this, or the other way round if it already is."""
        now = self.sorted_by(key)
        down = now == "ascending" or (now is None and descending_first)
        return self.url(sort=f"-{key}" if down else key)

    def has(self, key: str, value: str) -> bool:
        """Whether this choice of a filter is chosen."""
        return (key, value) in self.params

    def with_(self, key: str, value: str) -> str:
        """The list with one more choice of a filter."""
        return self._at([*self._kept(), (key, value)])

    def without(self, key: str, value: str) -> str:
        """The list with one choice of a filter less."""
        return self._at([pair for pair in self._kept() if pair != (key, value)])

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The chosen filters, in the order of the menus."""
        return tuple(
            Chip(filter_.label, text, self.without(filter_.key, value))
            for filter_ in self.filters
            for value, text in filter_.choices
            if self.has(filter_.key, value)
        )

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What the search form sends along besides its own box."""
        return tuple((key, value) for key, value in self._kept() if key != "q")

    @property
    def first(self) -> int:
        """The number of the first row shown, as far as the address tells."""
        asked = self._first("at")
        return min(int(asked), _MOST) if asked.isascii() and asked.isdigit() and int(asked) else 1

    @property
    def count(self) -> int:
        """All matches where they were counted, else the rows shown."""
        return len(self.page.rows) if self.page.total is None else self.page.total

    @property
    def summary(self) -> str:
        """The size of the list in words, for captions and announcements: "1,240 people", "1 found"."""
        return f"{self.count:,} {'found' if self.count == 1 else self.noun}" if self.count != 1 else "1 found"

    @property
    def range(self) -> str:
        """What the pager says: 1 to 50 of 420, as far as that is known."""
        shown = len(self.page.rows)
        if not shown:
            return f"0 {self.noun}"
        if self.page.total is None or self.first + shown - 1 > self.page.total:
            return f"{shown:,} shown" if shown > 1 else "1 shown"
        return f"{self.first:,}–{self.first + shown - 1:,} of {self.page.total:,}"  # noqa: RUF001 - a range takes an en dash

    @property
    def next_url(self) -> str | None:
        """The page after this one, if there is one."""
        return self._to(self.page.next, self.first + len(self.page.rows))

    @property
    def previous_url(self) -> str | None:
        """The page before this one, if there is one."""
        return self._to(self.page.previous, max(1, self.first - self.size))

    def _to(self, cursor: str | None, at: int) -> str | None:
        return self._at([*self._kept(), ("cursor", cursor), ("at", str(at))]) if cursor else None

    def _kept(self) -> list[tuple[str, str]]:
        return [pair for pair in self.params if pair[0] not in _PLACE]

    def _first(self, key: str) -> str:
        return next((value for name, value in self.params if name == key), "")

    def _at(self, pairs: Sequence[tuple[str, str]]) -> str:
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

"""The ways in which systems cut a list into pages, as small frozen positions that become and come from a cursor.

``Position.after`` gives the cursor of the next page, None at the end, and refuses to go where it has just been.
``StreamFacts`` catches longer loops, and ``Checkpoint`` lists without end.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Self

from msgspec import DecodeError, Struct, ValidationError, json

from connectors.sdk.errors import BrokenAnswer, ConfigurationError


class _Position(Struct, frozen=True):
    """Where the next page begins; its fields are the cursor."""

    @classmethod
    def at(cls, cursor: str | None) -> Self:
        """The position of ``cursor``; the beginning for None."""
        try:
            return cls() if cursor is None else json.decode(cursor, type=cls)
        except (DecodeError, ValidationError):
            raise ConfigurationError(
                "The saved position of this sync is of an older version. Start it again."
            ) from None

    def cursor(self) -> str:
        """The position as opaque text."""
        return json.encode(self).decode()


class StartIndex(_Position, frozen=True, omit_defaults=True):
    """SCIM's ``startIndex``, counted from 1 (RFC 7644 §3.4.2.4), for servers that cap the page or count from 0 too.

    ``seen`` counts the items so far, ``first`` and ``last`` mark the first page and the one before.
    """

    start: int = 1
    seen: int = 0
    first: str = ""
    last: str = ""

    def after(self, ids: Sequence[str], total: int | None) -> str | None:
        """The next cursor after a page that held ``ids``, of ``total`` announced (None: until a page is empty).

        A server that counts from 0 leaves out its first item when asked from 1. So when the list ends one short of
        what was announced, it is asked once more, from 0.
        """
        if self.start == 0:
            return None
        mark = _mark(ids)
        if ids and mark == self.last:
            raise BrokenAnswer("The server sends the same page again and again: it does not understand startIndex.")
        seen, first = self.seen + len(ids), self.first or _mark(ids[:1])
        if ids and (total is None or seen < total):
            return StartIndex(self.start + len(ids), seen, first, mark).cursor()
        return StartIndex(0, seen, first).cursor() if seen and seen + 1 == total else None

    def is_repeated(self, ids: Sequence[str]) -> bool:
        """Whether the question from 0 brought the first item once more, as it does where counting begins at 1."""
        return self.start == 0 and _mark(ids[:1]) == self.first


class PageNumber(_Position, frozen=True, omit_defaults=True):
    """``page=1, 2, 3 …`` until a page is empty or the announced total is reached."""

    number: int = 1
    seen: int = 0
    last: str = ""

    def after(self, ids: Sequence[str], total: int | None = None) -> str | None:
        """The next cursor after a page that held ``ids``."""
        mark, seen = _mark(ids), self.seen + len(ids)
        if not ids or (total is not None and seen >= total):
            return None
        if mark == self.last:
            raise BrokenAnswer("The server sends the same page again and again: it does not understand page numbers.")
        return PageNumber(self.number + 1, seen, mark).cursor()


class Offset(_Position, frozen=True, omit_defaults=True):
    """``offset=0, 100, 200 …``, moved by what really came."""

    offset: int = 0
    last: str = ""

    def after(self, ids: Sequence[str], total: int | None = None) -> str | None:
        """The next cursor after a page that held ``ids``."""
        mark, offset = _mark(ids), self.offset + len(ids)
        if not ids or (total is not None and offset >= total):
            return None
        if mark == self.last:
            raise BrokenAnswer("The server sends the same page again and again: it does not understand the offset.")
        return Offset(offset, mark).cursor()


class Token(_Position, frozen=True, omit_defaults=True):
    """A token or link that each page gives for the next; "" for the first page."""

    token: str = ""

    def after(self, token: str | None) -> str | None:
        """The next cursor; a token equal to the one that was just used is refused."""
        if not token:
            return None
        if token == self.token:
            raise BrokenAnswer("The server names the same page as its own next page.")
        return Token(token).cursor()


def _mark(ids: Sequence[str]) -> str:
    """A short fingerprint of a page, "" for an empty one."""
    digest = blake2b(digest_size=9)
    for text in ids:
        digest.update(f"{len(text)}:{text}".encode(errors="replace"))
    return digest.hexdigest() if ids else ""

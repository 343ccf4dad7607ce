"""May what a sync did not see count as gone? Only after a sound sync: whole, consistent, without repeats or gaps.

The facts of each stream are a handful of numbers, added up page by page and stored with the cursor, so a judgement
needs no memory of the records. What must be counted across pages (repeats, grants that lead nowhere) the app counts
where it stages them.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from connectors.sdk.connector import Page, Stream
from connectors.sdk.errors import BrokenAnswer

MOST_EMPTY_PAGES = 50


class StreamFacts(Struct, frozen=True, omit_defaults=True):
    """What is known of one stream so far. ``nameless`` are the problems whose record has no readable id."""

    pages: int = 0
    items: int = 0
    records: int = 0
    duplicates: int = 0
    problems: int = 0
    nameless: int = 0
    skipped: int = 0
    least_total: int | None = None
    most_total: int | None = None
    empty_pages: int = 0
    is_drained: bool = False

    def counted(self, page: Page, *, duplicates: int) -> "StreamFacts":
        """These facts and those of ``page``, of whose records ``duplicates`` were there before, in it or before it.

        Raises ``BrokenAnswer`` when the stream no longer gets anywhere: a page full of repeats with more to come, or
        many empty pages in a row.
        """
        empty_pages = 0 if page.items else self.empty_pages + 1
        if page.next is not None and (empty_pages > MOST_EMPTY_PAGES or 0 < len(page.records) == duplicates):
            raise BrokenAnswer("The server keeps sending what it has already sent, so the sync gets nowhere.")
        totals = [total for total in (self.least_total, self.most_total, page.total) if total is not None]
        return StreamFacts(
            pages=self.pages + 1,
            items=self.items + page.items,
            records=self.records + len(page.records),
            duplicates=self.duplicates + duplicates,
            problems=self.problems + len(page.problems),
            nameless=self.nameless + sum(not problem.source_id for problem in page.problems),
            skipped=self.skipped + page.skipped,
            least_total=min(totals, default=None),
            most_total=max(totals, default=None),
            empty_pages=empty_pages,
            is_drained=page.next is None,
        )


class Checkpoint(Struct, frozen=True, omit_defaults=True):
    """Where a run stands: the stream being read, its cursor, and the facts of every stream begun.

    Written as JSON by msgspec in the transaction that stores a page. ``version`` changes when its meaning does, so
    that an older program starts over instead of misreading it.
    """

    stream: str = ""
    cursor: str | None = None
    facts: dict[str, StreamFacts] = {}
    version: int = 1

    def passed(self, stream: str, page: Page, *, duplicates: int) -> "Checkpoint":
        """The checkpoint after ``page`` of ``stream``."""
        facts = self.facts.get(stream, StreamFacts()).counted(page, duplicates=duplicates)
        return replace(self, stream=stream, cursor=page.next, facts={**self.facts, stream: facts})

    def upcoming(self, streams: Sequence[Stream]) -> tuple[Stream, str | None] | None:
        """The stream and cursor to read next, or None when all is read."""
        for stream in streams:
            if not self.facts.get(stream.key, StreamFacts()).is_drained:
                return stream, self.cursor if stream.key == self.stream else None
        return None


class Sound(Struct, frozen=True):
    """What was not seen is gone, except what hangs on the id of a problem."""


class Unsound(Struct, frozen=True):
    """Nothing may vanish; ``reasons`` are sentences for the person who looks after the connection."""

    reasons: tuple[str, ...]


def judge(streams: Sequence[Stream], facts: Mapping[str, StreamFacts], *, dangling_grants: int = 0) -> Sound | Unsound:
    """The verdict on a run over ``streams``.

    ``dangling_grants`` counts staged grants whose account is neither a staged account or entitlement nor the id of a
    problem, or whose entitlement is neither staged nor the id of a problem.
    """
    reasons = [reason for stream in streams for reason in _faults(stream, facts.get(stream.key, StreamFacts()))]
    if dangling_grants:
        reasons.append(f"{dangling_grants:,} grants belong to accounts or entitlements that were not sent.")
    return Unsound(tuple(reasons)) if reasons else Sound()


def _faults(stream: Stream, facts: StreamFacts) -> list[str]:
    least, most = facts.least_total, facts.most_total
    faults = {
        "was not read to its end.": not facts.is_drained,
        f"announced {least} and then {most} entries: it changed while it was read.": least != most,
        f"announced {most} entries and sent {facts.items}.": least == most is not None and most != facts.items,
        f"sent {facts.duplicates:,} entries twice.": facts.duplicates > 0,
        f"sent {facts.nameless:,} entries without a readable id.": facts.nameless > 0,
        "sent nothing at all.": facts.is_drained and not facts.items and not stream.may_be_empty,
    }
    return [f"{stream.name} {fault}" for fault, is_so in faults.items() if is_so]

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


class Limits(Struct, frozen=True):
    """Where a run ends that would go on without end: so many entries, seconds of reading, and tiny pages to come."""

    entries: int = 2_000_000
    seconds: float = 6 * 3600
    tiny_pages: int = 100_000


LIMITS = Limits()
_TINY = 4  # a page of less than a quarter of what was asked for


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
    seconds: float = 0.0

    def passed(
        self, stream: str, page: Page, *, duplicates: int, seconds: float = 0.0, limits: Limits | None = None
    ) -> "Checkpoint":
        """The checkpoint after ``page`` of ``stream``, which took ``seconds`` to read.

        Raises ``BrokenAnswer`` when the stream gets nowhere, or there is more to come and the run is at its limits.
        """
        facts = self.facts.get(stream, StreamFacts()).counted(page, duplicates=duplicates)
        after = replace(
            self, stream=stream, cursor=page.next, facts={**self.facts, stream: facts}, seconds=self.seconds + seconds
        )
        if page.next is not None:
            _require_an_end(after, facts, page, limits or LIMITS)
        return after

    def upcoming(self, streams: Sequence[Stream]) -> tuple[Stream, str | None] | None:
        """The stream and cursor to read next, or None when all is read."""
        for stream in streams:
            if not self.facts.get(stream.key, StreamFacts()).is_drained:
                return stream, self.cursor if stream.key == self.stream else None
        return None


def _require_an_end(run: Checkpoint, facts: StreamFacts, page: Page, limits: Limits) -> None:
    items = sum(each.items for each in run.facts.values())
    to_come = ((page.total or 0) - facts.items) // (page.items or 1)
    if 0 < page.items * _TINY < (page.asked or 0) and to_come > limits.tiny_pages:
        raise BrokenAnswer(
            f"The server announces {page.total:,} entries and sends {page.items:,} a page where {page.asked:,} were "
            f"asked for: {to_come:,} more pages. Have its administrator allow larger pages, or correct its total."
        )
    if items > limits.entries:
        raise BrokenAnswer(
            f"The server has sent {items:,} entries and has more; a sync reads {limits.entries:,} at most. "
            "Have its administrator narrow down what this token may read, or look for a list without an end."
        )
    if run.seconds > limits.seconds:
        raise BrokenAnswer(
            f"The server was read for {run.seconds / 3600:.1f} hours and {items:,} entries and has more. "
            "Ask its administrator why it is slow, or whether its list has no end; larger pages may help."
        )


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

"""From a list of raw JSON items to the records and problems of a page, one item at a time.

An item that cannot be read becomes a problem with its id, so that one bad record neither stops a sync nor counts as
gone.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import DecodeError, Raw, Struct, ValidationError, json

from connectors.sdk.records import ID, Kind, Problem, Record, RecordRefused
from connectors.sdk.redaction import shown

T = TypeVar("T")


class Gathered(Struct, frozen=True):
    """What the items of a page gave. ``ids`` has one id per item, "" where it was not readable."""

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    ids: tuple[str, ...]


class Gather(Struct, Generic[T], frozen=True, kw_only=True):
    """How to read the items of one list: as which struct, and into which records.

    ``kind`` is what a problem is called; ``id_name`` is where an item has its id. ``read`` may raise
    ``RecordRefused``.
    """

    kind: Kind
    into: type[T]
    read: Callable[[T], Iterable[Record]]
    id_name: str = "id"

    def __call__(self, items: Sequence[Raw]) -> Gathered:
        """The records and problems of ``items``."""
        records: list[Record] = []
        problems: list[Problem] = []
        ids: list[str] = []
        for item in items:
            try:
                found = tuple(self.read(json.decode(item, type=self.into)))
                records += found
                ids.append(getattr(found[0], "source_id", "") if found else "")
            except RecordRefused as refused:
                problem = self._problem(item, refused.column, refused.reason)
            except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
                problem = self._problem(item, *_where(error))
            else:
                continue
            problems.append(problem)
            ids.append(problem.source_id)
        return Gathered(tuple(records), tuple(problems), tuple(ids))

    def _problem(self, item: Raw, column: str, reason: str) -> Problem:
        try:
            there: Any = json.decode(item)
            known = there.get(self.id_name)
        except (DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
            known = None
        source_id = str(known) if isinstance(known, str | int) else ""
        # As it is, since it is compared with what is known; one that is too long names nothing and is for people only.
        named = source_id if len(source_id) <= ID else shown(source_id, ID)
        return Problem(kind=self.kind, reason=reason, source_id=named, column=column)


def _where(error: Exception) -> tuple[str, str]:
    """The column and reason in msgspec's message, which ends in "- at `$.path`" when it knows the place."""
    if isinstance(error, ValidationError):
        said, _, place = str(error).partition(" - at ")
        return place.strip("`").removeprefix("$").removeprefix("."), said[:1].lower() + said[1:]
    return "", "is not readable JSON in UTF-8"

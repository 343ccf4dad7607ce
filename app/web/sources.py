"""Where facts come from: the name, state and age of each connection, for pages of rooms below ``connections``.

That room provides the function and main wires it as ``app.state.sources``; a fact whose source is gone says so.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request

from app.core.database import Db


@dataclass(frozen=True, slots=True)
class Source:
    """One connection as a source of facts.

    ``last_complete_at`` is when its last complete, sound sync ended, None before the first. ``state`` is a word for its
    health. ``is_live`` is false for what was read once from a file, whose facts may be corrected by hand.
    """

    id: UUID
    name: str
    last_complete_at: datetime | None
    state: str
    is_live: bool = True
    is_removed: bool = False


class Sources(dict[UUID, Source]):
    """The sources that are there, by id of the connection; ``removed`` knows the names of those that were."""

    def __init__(self, sources: Iterable[Source]) -> None:
        every = tuple(sources)
        super().__init__((source.id, source) for source in every if not source.is_removed)
        self.removed = {source.id: source for source in every if source.is_removed}


ListSources = Callable[[Db], Iterable[Source]]


def sources_of(request: Request, db: Db) -> Sources:
    """The sources of the running application, by id of the connection."""
    list_sources: ListSources = request.app.state.sources
    return Sources(list_sources(db))


def source_of(sources: Mapping[UUID, Source], connection_id: UUID) -> Source:
    """One source; a connection that was removed is named as such, by its own name where that is known."""
    removed = sources.removed if isinstance(sources, Sources) else {}
    unknown = Source(connection_id, "Removed connection", None, "removed", is_removed=True)
    return sources.get(connection_id) or removed.get(connection_id) or unknown

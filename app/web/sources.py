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


ListSources = Callable[[Db], Iterable[Source]]


def sources_of(request: Request, db: Db) -> Mapping[UUID, Source]:
    """The sources of the running application, by id of the connection."""
    list_sources: ListSources = request.app.state.sources
    return {source.id: source for source in list_sources(db)}


def source_of(sources: Mapping[UUID, Source], connection_id: UUID) -> Source:
    """One source; a connection that was removed is named as such."""
    return sources.get(connection_id) or Source(connection_id, "Removed connection", None, "removed")

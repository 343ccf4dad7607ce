"""An export as a download and as an event: the same for every list.

That it was asked for is an event of the request, committed before the first byte leaves. The file is streamed from one
snapshot in a read-only transaction of its own, counts included. When it ends, whole or broken off, a second event says how
many rows left, with the file's SHA-256.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Database, Db, database_of
from app.core.permissions import Permission
from app.core.version import VERSION
from app.web.attachments import attachment
from app.web.downloads import Download
from app.web.exports import CsvExport, ExportHead
from app.web.sources import sources_of

Detail = dict[str, str | int | bool | None]


@dataclass(frozen=True)
class Exported:
    """What is exported. ``count`` is the rows that match; ``rows`` reads them, as texts for ``columns``, in flat memory.

    ``total`` counts all rows that the actor may see; ``words`` say the filter.
    """

    title: str
    event: Event
    columns: Sequence[str]
    count: Callable[[Db], int]
    total: Callable[[Db], int]
    rows: Callable[[Db], Iterator[Sequence[str]]]
    words: str = ""


def export(request: Request, db: Db, actor: Actor, what: Exported) -> Download:
    """Answer with the file; ``db`` is the request's transaction, in which stands who takes what before a byte has left."""
    detail: Detail = {"filter": what.words}
    audit.record(db, actor, Event.EXPORT_REQUESTED, Subject("export", None, what.title), detail=detail)
    at = clock.now()
    name = f"{what.title.lower().replace(' ', '-')}-{at:%Y-%m-%d}.csv"
    database, sources = database_of(request), _sources(request, db, actor)
    return Download(database, _file(database, actor, what, at, sources), attachment(name))


def _sources(request: Request, db: Db, actor: Actor) -> list[tuple[str, datetime | None]]:
    """How old each source is; whoever may not see the connections is told no names."""
    found = sources_of(request, db).values()
    named = actor.may(Permission.CONNECTIONS_READ)
    return [
        (source.name if named else str(number), source.last_complete_at) for number, source in enumerate(found, start=1)
    ]


def _file(
    database: Database, actor: Actor, what: Exported, at: datetime, sources: Sequence[tuple[str, datetime | None]]
) -> Generator[bytes, None, None]:
    made: CsvExport | None = None
    is_whole = False
    try:
        with database.transaction(read_only=True, snapshot=True) as db:
            made = CsvExport(
                ExportHead(
                    title=what.title,
                    exported_by=actor.label,
                    exported_at=at,
                    filter=what.words,
                    rows=what.count(db),
                    total=what.total(db),
                    sources=sources,
                    version=VERSION,
                    columns=what.columns,
                )
            )
            yield from made.stream(what.rows(db))
        is_whole = True
    finally:
        detail: Detail = {"filter": what.words, "rows": 0, "sha256": None}
        if made is not None:
            detail |= {"rows": made.rows, "sha256": made.sha256}
        with database.transaction() as db:
            audit.record(
                db,
                actor,
                what.event,
                Subject("export", None, what.title),
                outcome="success" if is_whole else "failure",
                reason="" if is_whole else "The download was broken off.",
                detail=detail,
            )

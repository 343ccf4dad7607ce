"""An export as a download and as an event: the same for every list.

The file is streamed from one snapshot in a read-only transaction of its own. When it ends, whole or broken off, the event
says who took how many rows of what, with the file's SHA-256.
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
    """Answer with the file; ``db`` is the request's transaction, closed before the stream begins."""
    head = ExportHead(
        title=what.title,
        exported_by=actor.label,
        exported_at=clock.now(),
        filter=what.words,
        rows=what.count(db),
        total=what.total(db),
        sources=_sources(request, db, actor),
        version=VERSION,
        columns=what.columns,
    )
    name = f"{what.title.lower().replace(' ', '-')}-{head.exported_at:%Y-%m-%d}.csv"
    database = database_of(request)
    return Download(database, _file(database, actor, what, head), attachment(name))


def _sources(request: Request, db: Db, actor: Actor) -> list[tuple[str, datetime | None]]:
    """How old each source is; whoever may not see the connections is told no names."""
    found = sources_of(request, db).values()
    named = actor.may(Permission.CONNECTIONS_READ)
    return [
        (source.name if named else str(number), source.last_complete_at) for number, source in enumerate(found, start=1)
    ]


def _file(database: Database, actor: Actor, what: Exported, head: ExportHead) -> Generator[bytes, None, None]:
    made = CsvExport(head)
    is_whole = False
    try:
        with database.transaction(read_only=True, snapshot=True) as db:
            yield from made.stream(what.rows(db))
        is_whole = True
    finally:
        with database.transaction() as db:
            audit.record(
                db,
                actor,
                what.event,
                Subject("export", None, what.title),
                outcome="success" if is_whole else "failure",
                reason="" if is_whole else "The download was broken off.",
                detail={"rows": made.rows, "filter": what.words, "sha256": made.sha256},
            )

"""What could not be read, kept with the run: the records of each page that made no sense, and why."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from msgspec.structs import replace

from app.connections.models import SyncProblems
from app.core.database import Db
from app.core.sealed import Facts
from connectors.sdk.records import ID, Problem
from connectors.sdk.redaction import shown


class ProblemList(Facts, frozen=True):
    """The problems of one page."""

    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        return f"ProblemList({len(self.problems)})"


def each_problem(db: Db, sync_id: UUID) -> Iterator[Problem]:
    """The problems of a run, in the order they were met, their ids as they can be shown."""
    rows = db.rows(
        sa.select(SyncProblems.__table__).where(SyncProblems.sync_id == sync_id).order_by(SyncProblems.number)
    )
    for row in rows:
        for problem in db.open(ProblemList, SyncProblems, row.sync_id, row.sealed, row.number).problems:
            yield replace(problem, source_id=shown(problem.source_id, ID))

"""Have the database count anew what a large merge has written, so that lists are read the quick way at once.

PostgreSQL plans by its statistics, and until it refreshes them by itself (up to a minute later) the first thousands of rows
are read and sorted whole for a page of a hundred. Only the owner of a table may analyse it, so its function does.
"""

from typing import Final

import sqlalchemy as sa

from app.core.database import Db
from app.core.jobs import Runtime, enqueue, job

MANY: Final = 500


def run(runtime: Runtime) -> None:
    """Refresh the statistics of what merges write."""
    with runtime.database.transaction() as db:
        db.rows(sa.text("SELECT refresh_statistics()"))


COUNT_ANEW = job("connections.count_anew")(run)


def count_anew(db: Db, written: int) -> None:
    """Ask for it, to be done once this transaction is committed, where so many rows were written that it matters."""
    if written >= MANY:
        enqueue(db, COUNT_ANEW, queueing_lock="count anew")

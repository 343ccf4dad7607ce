"""What imports leave behind goes after a while: files that nobody applied, and what undoing needs."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from app.connections.imports import spool
from app.connections.imports.models import PENDING, Import, ImportChange, ImportPart
from app.connections.imports.uploading import discard
from app.core import clock
from app.core.actor import job_actor
from app.core.jobs import Runtime, job

ACTOR: Final = job_actor("Clearing")
UNDONE_WITHIN: Final = timedelta(days=30)
APPLIED_WITHIN: Final = timedelta(days=7)


def run(runtime: Runtime) -> None:
    """Discard files that wait for too long, and forget how to undo what was applied long ago."""
    now = clock.now()
    with runtime.database.transaction() as db:
        waiting = sa.select(Import).where(Import.state.in_(PENDING), Import.created_at < now - APPLIED_WITHIN)
        for forgotten in db.session.scalars(waiting.with_for_update()).all():
            discard(db, ACTOR, forgotten, reason=f"It was not applied for {APPLIED_WITHIN.days} days.")
        old = sa.select(Import.id).where(Import.applied_at < now - UNDONE_WITHIN)
        db.run(sa.delete(ImportChange).where(ImportChange.import_id.in_(old)))
        db.run(sa.delete(ImportPart).where(ImportPart.import_id.in_(old), ImportPart.kind == spool.FAILED))


CLEAR: Final = job("connections.clear_imports", every="17 4 * * *", retries=1)(run)

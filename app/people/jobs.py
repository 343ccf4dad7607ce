"""What happens to people by itself: leaving dates pass, and the notes for the rosters are cleared away."""

import sqlalchemy as sa

from app.core import clock
from app.core.actor import job_actor
from app.core.jobs import Runtime, job
from app.people.lifecycle import recompute
from app.people.models import RosterChange
from app.people.roster import CHANGES_KEPT
from app.people.users import link_users


@job("people.lifecycle", every="4 * * * *")
def follow_lifecycle(runtime: Runtime) -> None:
    """Decide who has left, and who is behind which user.

    Hourly, because a day begins at another hour in each organisation's time zone.
    """
    with runtime.database.transaction() as db:
        recompute(db, job_actor("Lifecycle"), None)
        link_users(db)


@job("people.clear_roster_changes", every="34 3 * * *")
def clear_roster_changes(runtime: Runtime) -> None:
    """Delete the notes that every roster has read, or is too old to begin from."""
    with runtime.database.transaction() as db:
        db.run(sa.delete(RosterChange).where(RosterChange.noted_at < clock.now() - CHANGES_KEPT))

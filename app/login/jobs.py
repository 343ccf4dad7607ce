"""Forgetting what is over: sign-ins, sessions, links, counts and kept answers go when they serve no more."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from app.core import clock
from app.core.idempotency import IdempotencyKey
from app.core.jobs import Runtime, job
from app.login.models import Attempt, Invitation, Session, SetUpSession, Throttle, TotpEnrolment
from app.login.sessions import ABSOLUTE

DAY: Final = timedelta(days=1)


@job("login.forget", every="17 * * * *")
def forget(runtime: Runtime) -> None:
    """Remove what ended more than a day ago. The trail keeps what happened."""
    past = clock.now() - DAY
    over = (
        (Attempt, Attempt.started_at < past),
        (Session, Session.started_at + ABSOLUTE < past),
        (Invitation, Invitation.expires_at < past),
        (TotpEnrolment, TotpEnrolment.started_at < past),
        (SetUpSession, SetUpSession.started_at < past),
        (Throttle, Throttle.since < past),
        (IdempotencyKey, IdempotencyKey.created_at < past),
    )
    with runtime.database.transaction() as db:
        for table, is_over in over:
            db.run(sa.delete(table).where(is_over))

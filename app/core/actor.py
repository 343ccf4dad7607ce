"""Who is acting: a user in a session, an API key, a job, the first-run set-up, or nobody yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from app.core import clock
from app.core.permissions import Permission, Rows

FRESH_FOR: Final = timedelta(minutes=15)  # how long a factor counts for acts that need one


@dataclass(frozen=True, slots=True)
class Actor:
    """Carried through every action and into every event.

    ``label`` is what the trail shows: an e-mail address; for a key that of its user, then its name, which alone could be
    anybody's. ``rows`` says whose rows it sees; ``person_id`` is the person behind the user, when there is one.
    ``fresh_at`` is the moment of the last factor, for acts that need one.
    """

    kind: Literal["user", "api_key", "job", "setup", "anonymous"]
    label: str
    id: UUID | None = None
    user_id: UUID | None = None
    person_id: UUID | None = None
    session_id: UUID | None = None
    roles: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    rows: Rows = Rows.OWN
    fresh_at: datetime | None = None
    ip: str = ""
    user_agent: str = ""
    request_id: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether this is permitted."""
        return permission in self.permissions

    @property
    def is_fresh(self) -> bool:
        """Whether a factor was given in the last 15 minutes."""
        return self.fresh_at is not None and clock.now() - self.fresh_at <= FRESH_FOR


def job_actor(name: str, request_id: str = "") -> Actor:
    """The actor of a background job; it sees all rows."""
    return Actor("job", name, permissions=frozenset(Permission), rows=Rows.ALL, request_id=request_id)


def anonymous(*, ip: str = "", user_agent: str = "", request_id: str = "") -> Actor:
    """Nobody yet: what an unauthenticated request acts as."""
    return Actor("anonymous", "", ip=ip, user_agent=user_agent, request_id=request_id)

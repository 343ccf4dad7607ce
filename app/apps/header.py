"""The head of an app's record: who it is, its state, its tabs. Every tab, of whatever room, is drawn under it."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from app.apps.queries import get_app, may_change
from app.apps.records import AppOut
from app.apps.wording import STATUS_CHOICES, status_tone, status_word
from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Permission
from app.web.panels import panels_of


@dataclass(frozen=True, slots=True)
class AppHeader:
    """What ``apps/_record.html`` draws; ``current`` is the key of the tab that is shown."""

    app: AppOut
    status: str
    tone: str
    tabs: tuple[tuple[str, str, str, None], ...]
    current: str
    may_change: bool
    statuses: tuple[tuple[str, str], ...] = STATUS_CHOICES

    @property
    def path(self) -> str:
        """The address of the record."""
        return f"/apps/{self.app.id}"


def app_header(request: Request, db: Db, actor: Actor, app_id: UUID, current: str) -> AppHeader:
    """The head of one app's record. Refuses (``NotFound``) what the actor may not see."""
    app = get_app(db, actor, app_id)
    return AppHeader(
        app=app,
        status=status_word(app.status),
        tone=status_tone(app.status),
        tabs=panels_of(request).tabs("app", app_id, actor.permissions),
        current=current,
        may_change=actor.may(Permission.APPS_WRITE) and may_change(db, actor, app_id),
    )

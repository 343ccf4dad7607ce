"""Settings, Sessions: where one is signed in, and ending any of it."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.errors import NotSignedIn
from app.core.permissions import Permission
from app.login import sessions
from app.login.sessions import SessionOut
from app.web import flash
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
PATH = "/settings/sessions"
Me = Annotated[Actor, requires(Permission.SELF)]


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """The actor's live sessions."""

    sessions: tuple[SessionOut, ...]
    idle_hours: int
    longest_hours: int

    @property
    def others(self) -> int:
        """How many there are besides this one."""
        return sum(not session.is_current for session in self.sessions)


@router.get(PATH)
def own_sessions(request: Request, actor: Me, db: Transaction) -> HTMLResponse:
    live = tuple(sessions.list_live(db, actor, _user_id(actor)))
    hours = (int(limit.total_seconds()) // 3600 for limit in (sessions.IDLE, sessions.ABSOLUTE))
    return render(request, "login/sessions.html", SessionsPage(live, *hours))


@router.post(f"{PATH}/others/end")
def end_others(actor: Me, db: Transaction) -> Response:
    sessions.end_all(db, actor, _user_id(actor), reason="Ended by its user", but=actor.session_id)
    return _back("All other sessions ended.")


@router.post(f"{PATH}/{{session_id}}/end")
def end(session_id: UUID, actor: Me, db: Transaction) -> Response:
    sessions.end_own(db, actor, session_id)
    return _back("Session ended.")


def _user_id(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotSignedIn("Sign in first.")
    return actor.user_id


def _back(said: str) -> Response:
    response = RedirectResponse(PATH, 303)
    flash.say(response, said)
    return response

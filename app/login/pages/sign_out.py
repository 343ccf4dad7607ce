"""Signing out: the session ends on the server, whatever becomes of the cookie."""

from typing import Annotated

from fastapi.responses import RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.login import sessions
from app.web.guards import public
from app.web.router import Router

router = Router()


@router.post("/sign-out")
def sign_out(actor: Annotated[Actor, public("whose session is over signs out as well")], db: Transaction) -> Response:
    if actor.session_id is not None:
        sessions.sign_out(db, actor)
    response = RedirectResponse("/sign-in?said=signed-out", 303)
    sessions.clear_cookie(response)
    return response

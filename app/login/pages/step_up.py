"""Confirming with a fresh code before an act that asks for it, and back to where the act is."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.errors import FieldError
from app.core.incoming.inputs import Input, Line
from app.core.permissions import Permission
from app.login import sessions, step_up
from app.login.pages.sign_in import refused, sign_in_again
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router
from app.web.safe_path import same_site_path

router = Router()
PATH = "/step-up"
Me = Annotated[Actor, requires(Permission.SELF)]


class StepUpForm(Input):
    """A code, of the authenticator or a recovery code."""

    code: Line
    next: Line = "/"
    is_recovery: bool = False


@dataclass(frozen=True, slots=True)
class StepUpPage:
    """The question for a code."""

    next: str
    is_recovery: bool
    errors: tuple[FieldError, ...] = ()


@router.get(PATH)
def confirm(
    request: Request,
    actor: Me,
    next_path: Annotated[str, Query(alias="next", max_length=2000)] = "/",
    recovery: bool = False,
) -> Response:
    return render(request, "login/step_up.html", StepUpPage(same_site_path(next_path), recovery))


@router.post(PATH)
def give_code(
    sent: Annotated[Submitted[StepUpForm], Depends(form(StepUpForm))], request: Request, actor: Me, db: Transaction
) -> Response:
    where = same_site_path(sent.raw.get("next"))
    is_recovery = sent.value is not None and sent.value.is_recovery
    typed = "" if sent.value is None else sent.value.code
    outcome = (step_up.with_recovery_code if is_recovery else step_up.with_code)(db, actor, typed)
    if isinstance(outcome, str):
        response = RedirectResponse(where, 303)
        sessions.set_cookie(response, outcome)
        return response
    if outcome.is_over:
        again = sign_in_again(request, outcome, next_path=where)
        sessions.clear_cookie(again)
        return again
    page = StepUpPage(where, is_recovery, (FieldError("code", outcome.message),))
    return refused(render(request, "login/step_up.html", page, status=422), outcome)

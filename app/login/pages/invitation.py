"""The link by which a user sets a password. It leaves the address at once, and is used up only with the password."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.errors import FieldError, Invalid
from app.core.incoming.inputs import Input
from app.login import attempts, invitations
from app.login.models import open_user
from app.login.pages.sign_in import to_second_step
from app.login.password_rules import SHORTEST
from app.web.forms import Submitted, form
from app.web.guards import public
from app.web.problem_page import problem_page
from app.web.render import render
from app.web.router import Router

router = Router()
PATH = invitations.PATH
COOKIE = "__Host-invitation"
_SECONDS = 3600
Invited = Annotated[Actor, public("the link itself is what admits")]


class PasswordForm(Input):
    """The password that the user chose."""

    password: SecretStr


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """The question for a password."""

    email: str
    shortest: int = SHORTEST
    errors: tuple[FieldError, ...] = ()


@router.get(PATH)
def invitation(
    request: Request, actor: Invited, db: Transaction, token: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    if token and not token.isascii():  # no cookie can hold it, and none of ours is like it
        return _dead(request)
    if token:
        response = RedirectResponse(PATH, 303, {"Referrer-Policy": "no-referrer"})
        response.set_cookie(COOKIE, token, max_age=_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
        return response
    user = invitations.find_invited(db, request.cookies.get(COOKIE, ""))
    if user is None:
        return _dead(request)
    return render(request, "login/invitation.html", InvitationPage(open_user(db, user).email))


@router.post(PATH)
def choose_password(
    sent: Annotated[Submitted[PasswordForm], Depends(form(PasswordForm))],
    request: Request,
    actor: Invited,
    db: Transaction,
) -> Response:
    token = request.cookies.get(COOKIE, "")
    try:
        user = invitations.accept(db, actor, token, password=sent.valid().password.get_secret_value())
    except Invalid as wrong:
        invited = invitations.find_invited(db, token)
        email = "" if invited is None else open_user(db, invited).email
        return render(request, "login/invitation.html", InvitationPage(email, errors=wrong.fields), status=422)
    if user is None:
        return _dead(request)
    response = to_second_step(attempts.begin(db, user.id, username=open_user(db, user).email))
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _dead(request: Request) -> Response:
    words = "It was used, replaced by a newer one, or is older than 72 hours. Ask who sent it for a new one."
    return problem_page(request, 404, title="This link is no good", message=words, href="/sign-in", link="Sign in")

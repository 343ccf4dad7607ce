"""Settings, Security: one's own password, authenticator and recovery codes. Every change asks for a fresh code first."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import FieldError, Invalid, NotSignedIn
from app.core.incoming.inputs import Input
from app.core.permissions import Permission
from app.login import factors, queries, recovery_codes, sessions, totp
from app.login.pages.sign_in import CodeForm, refused, sign_in_again
from app.login.password_rules import SHORTEST
from app.login.queries import UserOut
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
PATH = "/settings/security"
PASSWORD = f"{PATH}/password"
AUTHENTICATOR = f"{PATH}/authenticator"
CODES = f"{PATH}/recovery-codes"
Me = Annotated[Actor, requires(Permission.SELF)]
FreshMe = Annotated[Actor, requires(Permission.SELF, fresh=True)]


class PasswordForm(Input):
    """The present password and the new one."""

    current: SecretStr
    new: SecretStr


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """What the actor signs in with."""

    user: UserOut
    codes_left: int


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """The form for a new password."""

    shortest: int = SHORTEST
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticatorPage:
    """The seed of a new authenticator."""

    qr: tuple[tuple[bool, ...], ...]
    seed: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class CodesPage:
    """New recovery codes, shown once; none before they are asked for."""

    codes: tuple[str, ...]


@router.get(PATH)
def security(request: Request, actor: Me, db: Transaction) -> HTMLResponse:
    if actor.user_id is None:
        raise NotSignedIn("Sign in first.")
    left = recovery_codes.count_left(db, actor.user_id)
    return render(request, "login/security.html", SecurityPage(queries.get_user(db, actor.user_id), left))


@router.get(PASSWORD)
def password(request: Request, actor: FreshMe) -> HTMLResponse:
    return render(request, "login/password.html", PasswordPage())


@router.post(PASSWORD)
def change_password(
    sent: Annotated[Submitted[PasswordForm], Depends(form(PasswordForm))],
    request: Request,
    actor: FreshMe,
    db: Transaction,
) -> Response:
    try:
        typed = sent.valid()
        failed = factors.change_password(
            db, actor, current=typed.current.get_secret_value(), new=typed.new.get_secret_value()
        )
    except Invalid as wrong:
        return render(request, "login/password.html", PasswordPage(errors=wrong.fields), status=422)
    if failed is None:
        return _back("Password changed. Your other sessions ended.")
    if failed.is_over:
        again = sign_in_again(request, failed, next_path=PASSWORD)
        sessions.clear_cookie(again)
        return again
    page = PasswordPage(errors=(FieldError("current", failed.message),))
    return refused(render(request, "login/password.html", page, status=422), failed)


@router.get(AUTHENTICATOR)
def authenticator(request: Request, actor: FreshMe, db: Transaction) -> HTMLResponse:
    return _draw_authenticator(request, db, actor)


@router.post(AUTHENTICATOR)
def replace_authenticator(
    sent: Annotated[Submitted[CodeForm], Depends(form(CodeForm))], request: Request, actor: FreshMe, db: Transaction
) -> Response:
    try:
        factors.replace_authenticator(db, actor, code=sent.valid().code)
    except Invalid as wrong:
        return _draw_authenticator(request, db, actor, wrong.fields)
    return _back("Authenticator replaced. Your other sessions ended.")


@router.get(CODES)
def codes(request: Request, actor: FreshMe) -> HTMLResponse:
    return render(request, "login/own_recovery_codes.html", CodesPage(()))


@router.post(CODES)
def renew_codes(request: Request, actor: FreshMe, db: Transaction) -> HTMLResponse:
    return render(request, "login/own_recovery_codes.html", CodesPage(factors.renew_recovery_codes(db, actor)))


def _draw_authenticator(request: Request, db: Db, actor: Actor, errors: tuple[FieldError, ...] = ()) -> HTMLResponse:
    seed, account = factors.seed_for(db, actor)
    page = AuthenticatorPage(totp.qr(totp.address(seed, account)), totp.in_groups(seed), errors)
    return render(request, "login/own_authenticator.html", page, status=422 if errors else 200)


def _back(said: str) -> Response:
    response = RedirectResponse(PATH, 303)
    flash.say(response, said)
    return response

"""Signing in: password, then a code, a recovery code, or the enrolment of an authenticator. Every try is an event."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import FieldError
from app.core.incoming.inputs import Input, Line
from app.login import attempts, devices, sessions, totp
from app.login.outcomes import Failed, NeedsSecondFactor, Passed
from app.login.queries import is_set_up
from app.web.forms import Submitted, form
from app.web.guards import public
from app.web.render import render
from app.web.router import Router
from app.web.safe_path import same_site_path

router = Router()
PATH = "/sign-in"
CODE = "/sign-in/code"
RECOVERY = "/sign-in/recovery-code"
ENROL = "/sign-in/authenticator"

Anyone = Annotated[Actor, public("signing in is for who is not signed in")]


class SignInForm(Input):
    """The first step."""

    email: Line
    password: SecretStr
    next: Line = "/"


class CodeForm(Input):
    """The second step."""

    code: Line


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The first step; ``notice`` is said above the form."""

    email: str
    next: str
    notice: str = ""
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class CodePage:
    """The second step with a code."""

    action: str
    email: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class EnrolPage:
    """The enrolment of an authenticator: the seed as a QR code and as text."""

    action: str
    email: str
    qr: tuple[tuple[bool, ...], ...]
    seed: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class CodesPage:
    """Recovery codes, shown once."""

    codes: tuple[str, ...]
    next: str


@router.get(PATH)
def first(
    request: Request,
    actor: Anyone,
    db: Transaction,
    next_path: Annotated[str, Query(alias="next", max_length=2000)] = "/",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    where = same_site_path(next_path)
    if actor.kind == "user":
        return RedirectResponse(where, 303)
    notice = "You are signed out." if said == "signed-out" else ""
    if not is_set_up(db):
        notice = "This installation is not set up yet. Open the set-up link that it printed when it started."
    return render(request, "login/sign_in.html", SignInPage("", where, notice))


@router.post(PATH)
def give_password(
    sent: Annotated[Submitted[SignInForm], Depends(form(SignInForm))], request: Request, actor: Anyone, db: Transaction
) -> Response:
    email = sent.raw.get("email", "")
    where = same_site_path(sent.raw.get("next"))
    if sent.value is None:
        outcome: Failed | NeedsSecondFactor = attempts.malformed(db, actor, email=email)
    else:
        outcome = attempts.with_password(
            db, actor, email=email, password=sent.value.password.get_secret_value(),
            device=request.cookies.get(devices.COOKIE, ""), next_path=where,
        )  # fmt: skip
    if isinstance(outcome, Failed):
        return sign_in_again(request, outcome, email=email, next_path=where)
    return to_second_step(outcome)


@router.get(CODE)
def code(request: Request, actor: Anyone, db: Transaction) -> Response:
    pending = _pending(request, db)
    if pending is None or pending.stage != attempts.CODE:
        return RedirectResponse(PATH if pending is None else ENROL, 303)
    return render(request, "login/code.html", CodePage(CODE, pending.email))


@router.post(CODE)
def give_code(
    sent: Annotated[Submitted[CodeForm], Depends(form(CodeForm))], request: Request, actor: Anyone, db: Transaction
) -> Response:
    outcome = attempts.with_code(db, actor, _secret(request), _code(sent))
    return _answered(request, db, outcome, "login/code.html", CODE)


@router.get(RECOVERY)
def recovery_code(request: Request, actor: Anyone, db: Transaction) -> Response:
    pending = _pending(request, db)
    if pending is None or pending.stage != attempts.CODE:
        return RedirectResponse(PATH, 303)
    return render(request, "login/recovery_code.html", CodePage(RECOVERY, pending.email))


@router.post(RECOVERY)
def give_recovery_code(
    sent: Annotated[Submitted[CodeForm], Depends(form(CodeForm))], request: Request, actor: Anyone, db: Transaction
) -> Response:
    outcome = attempts.with_recovery_code(db, actor, _secret(request), _code(sent))
    return _answered(request, db, outcome, "login/recovery_code.html", RECOVERY)


@router.get(ENROL)
def authenticator(request: Request, actor: Anyone, db: Transaction) -> Response:
    pending = _pending(request, db)
    if pending is None or pending.stage != attempts.ENROL:
        return RedirectResponse(PATH, 303)
    return render(request, "login/authenticator.html", _enrolment(db, pending))


@router.post(ENROL)
def give_first_code(
    sent: Annotated[Submitted[CodeForm], Depends(form(CodeForm))], request: Request, actor: Anyone, db: Transaction
) -> Response:
    outcome = attempts.with_enrolment(db, actor, _secret(request), _code(sent))
    pending = _pending(request, db)
    if isinstance(outcome, Failed) and not outcome.is_over and pending is not None:
        page = _enrolment(db, pending, (FieldError("code", outcome.message),))
        return refused(render(request, "login/authenticator.html", page, status=422), outcome)
    return _answered(request, db, outcome, "login/code.html", ENROL)


def to_second_step(outcome: NeedsSecondFactor) -> Response:
    """Lead the browser to the step that is due, bound to it by a cookie."""
    response = RedirectResponse(CODE if outcome.stage == attempts.CODE else ENROL, 303)
    attempts.set_cookie(response, outcome.secret)
    return response


def sign_in_again(request: Request, outcome: Failed, *, email: str = "", next_path: str = "/") -> HTMLResponse:
    """The first step again, with what was wrong; the same bytes whatever the reason was."""
    page = SignInPage(email[:1000], next_path, errors=(FieldError("email", outcome.message),))
    return refused(render(request, "login/sign_in.html", page, status=422), outcome)


def refused(response: HTMLResponse, outcome: Failed) -> HTMLResponse:
    """422, or 429 with the seconds to wait."""
    if outcome.retry_after:
        response.status_code = 429
        response.headers["Retry-After"] = str(outcome.retry_after)
    return response


def signed_in(response: Response, passed: Passed) -> Response:
    """Hand session and device note to the browser."""
    sessions.set_cookie(response, passed.session)
    devices.remember(response, passed.device)
    attempts.clear_cookie(response)
    return response


def _answered(request: Request, db: Db, outcome: Passed | Failed, template: str, action: str) -> Response:
    if isinstance(outcome, Passed):
        if outcome.recovery_codes:
            page = CodesPage(outcome.recovery_codes, outcome.next)
            return signed_in(render(request, "login/recovery_codes.html", page), outcome)
        return signed_in(RedirectResponse(outcome.next, 303), outcome)
    pending = None if outcome.is_over else _pending(request, db)
    if pending is None:
        again = sign_in_again(request, outcome)
        attempts.clear_cookie(again)
        return again
    shown = CodePage(action, pending.email, (FieldError("code", outcome.message),))
    return refused(render(request, template, shown, status=422), outcome)


def _enrolment(db: Db, pending: attempts.Pending, errors: tuple[FieldError, ...] = ()) -> EnrolPage:
    seed = totp.offered_seed(db, pending.id)
    return EnrolPage(ENROL, pending.email, totp.qr(totp.address(seed, pending.email)), totp.in_groups(seed), errors)


def _pending(request: Request, db: Db) -> attempts.Pending | None:
    return attempts.find_pending(db, _secret(request))


def _secret(request: Request) -> str:
    return request.cookies.get(attempts.COOKIE, "")


def _code(sent: Submitted[CodeForm]) -> str:
    return "" if sent.value is None else sent.value.code

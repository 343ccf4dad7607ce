"""The first-run wizard: organisation, first owner, authenticator, recovery codes. Only the set-up link leads here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import SecretStr

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.errors import FieldError, Invalid, NotFound
from app.core.incoming.inputs import Email, Input, Line, Name
from app.login import set_up, set_up_sessions, setup_link, totp
from app.login.outcomes import Failed
from app.login.pages.sign_in import CodeForm, signed_in
from app.login.password_rules import SHORTEST
from app.login.queries import is_set_up
from app.organisation import actions as organisations
from app.organisation.pages import MONTHS
from app.organisation.queries import get_organisation
from app.web.forms import Submitted, form
from app.web.guards import public
from app.web.problem_page import problem_page
from app.web.render import render
from app.web.router import Router

router = Router()
PATH = setup_link.PATH
ORGANISATION = f"{PATH}/organisation"
OWNER = f"{PATH}/owner"
AUTHENTICATOR = f"{PATH}/authenticator"
_STEPS = (
    ("organisation", "Organisation"),
    ("owner", "You"),
    ("authenticator", "Authenticator app"),
    ("codes", "Recovery codes"),
)

Step = tuple[str, str, str]
Opener = Annotated[Actor, public("the set-up link itself is what admits, once")]
Guest = Annotated[Actor, public("the cookie that the set-up link was exchanged for is what admits")]


class OrganisationForm(Input):
    """The first step."""

    name: Name
    time_zone: Line
    currency: Line
    fiscal_year_start: int


class OwnerForm(Input):
    """The second step."""

    name: Name
    email: Email
    password: SecretStr


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """The first step: what is set, or what was typed."""

    steps: tuple[Step, ...]
    typed: Mapping[str, str]
    time_zones: tuple[tuple[str, str], ...]
    currencies: tuple[tuple[str, str], ...]
    months: tuple[tuple[str, str], ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerPage:
    """The second step; the password is asked again whenever the step is."""

    steps: tuple[Step, ...]
    name: str
    email: str
    shortest: int = SHORTEST
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticatorPage:
    """The third step: the seed as a QR code and as text."""

    steps: tuple[Step, ...]
    qr: tuple[tuple[bool, ...], ...]
    seed: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class CodesPage:
    """The last step: recovery codes, shown once."""

    steps: tuple[Step, ...]
    codes: tuple[str, ...]
    next: str


@router.get(PATH)
def open_link(
    request: Request, actor: Opener, db: Transaction, token: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    if actor.kind == "setup":
        return RedirectResponse(_resume(db, actor), 303)
    if is_set_up(db):
        return RedirectResponse("/sign-in", 303)
    secret = setup_link.exchange(db, actor, token) if token else None
    if secret is None:
        words = "It was used in another browser, replaced by a newer one, or is older than an hour. "
        words += "Whoever runs this installation gets a new one by: python -m app setup-link"
        return problem_page(request, 404, title="This set-up link is no good", message=words)
    response = RedirectResponse(ORGANISATION, 303, {"Referrer-Policy": "no-referrer"})
    set_up_sessions.set_cookie(response, secret)
    return response


@router.get(ORGANISATION)
def organisation(request: Request, actor: Guest, db: Transaction) -> HTMLResponse:
    _require_set_up(actor)
    found = get_organisation(db)
    typed = {name: str(getattr(found, name)) for name in OrganisationForm.model_fields}
    return _draw_organisation(request, typed)


@router.post(ORGANISATION)
def keep_organisation(
    sent: Annotated[Submitted[OrganisationForm], Depends(form(OrganisationForm))],
    request: Request,
    actor: Guest,
    db: Transaction,
) -> Response:
    _require_set_up(actor)
    try:
        organisations.change(db, actor, get_organisation(db), **sent.valid().model_dump())
    except Invalid as wrong:
        return _draw_organisation(request, sent.raw, wrong.fields)
    return RedirectResponse(OWNER, 303)


@router.get(OWNER)
def owner(request: Request, actor: Guest, db: Transaction) -> HTMLResponse:
    _require_set_up(actor)
    draft = set_up_sessions.draft(db, actor.id)
    return render(request, "login/set_up_owner.html", OwnerPage(_steps("owner"), draft.name, draft.email))


@router.post(OWNER)
def keep_owner(
    sent: Annotated[Submitted[OwnerForm], Depends(form(OwnerForm))], request: Request, actor: Guest, db: Transaction
) -> Response:
    _require_set_up(actor)
    try:
        typed = sent.valid()
        set_up.keep_owner(
            db, actor, email=typed.email, name=typed.name, password=typed.password.get_secret_value(),
            organisation=get_organisation(db).name,
        )  # fmt: skip
    except Invalid as wrong:
        page = OwnerPage(_steps("owner"), sent.raw.get("name", ""), sent.raw.get("email", ""), errors=wrong.fields)
        return render(request, "login/set_up_owner.html", page, status=422)
    return RedirectResponse(AUTHENTICATOR, 303)


@router.get(AUTHENTICATOR)
def authenticator(request: Request, actor: Guest, db: Transaction) -> Response:
    _require_set_up(actor)
    return _draw_authenticator(request, db, actor)


@router.post(AUTHENTICATOR)
def complete(
    sent: Annotated[Submitted[CodeForm], Depends(form(CodeForm))], request: Request, actor: Guest, db: Transaction
) -> Response:
    _require_set_up(actor)
    outcome = set_up.complete(db, actor, "" if sent.value is None else sent.value.code)
    if isinstance(outcome, Failed):
        return _draw_authenticator(request, db, actor, (FieldError("code", outcome.message),))
    page = CodesPage(_steps("codes"), outcome.recovery_codes, outcome.next)
    response = signed_in(render(request, "login/set_up_codes.html", page), outcome)
    set_up_sessions.clear_cookie(response)
    return response


def _require_set_up(actor: Actor) -> None:
    if actor.kind != "setup":
        raise NotFound("Open the set-up link first. It is printed when the installation starts.")


def _resume(db: Db, actor: Actor) -> str:
    if not get_organisation(db).name:
        return ORGANISATION
    return AUTHENTICATOR if set_up_sessions.draft(db, actor.id).hash else OWNER


def _draw_organisation(request: Request, typed: Mapping[str, str], errors: tuple[FieldError, ...] = ()) -> HTMLResponse:
    page = OrganisationPage(
        _steps("organisation"),
        {name: typed.get(name, "") for name in OrganisationForm.model_fields},
        tuple((zone, zone.replace("_", " ")) for zone in organisations.time_zones()),
        tuple((code, code) for code in organisations.CURRENCIES),
        tuple((str(number), month) for number, month in enumerate(MONTHS, start=1)),
        errors,
    )
    return render(request, "login/set_up_organisation.html", page, status=422 if errors else 200)


def _draw_authenticator(request: Request, db: Db, actor: Actor, errors: tuple[FieldError, ...] = ()) -> Response:
    enrolment = set_up.enrolment(db, actor)
    if enrolment is None:
        return RedirectResponse(OWNER, 303)
    qr = totp.qr(totp.address(enrolment.seed, enrolment.email))
    page = AuthenticatorPage(_steps("authenticator"), qr, totp.in_groups(enrolment.seed), errors)
    return render(request, "login/set_up_authenticator.html", page, status=422 if errors else 200)


def _steps(current: str) -> tuple[Step, ...]:
    at = [key for key, _ in _STEPS].index(current)
    state = ("done", "now", "later")
    return tuple((key, text, state[(number >= at) + (number > at)]) for number, (key, text) in enumerate(_STEPS))

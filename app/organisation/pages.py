"""Settings page Organisation: name, time zone, fiscal year, currency, and when an account counts as unused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.actor import Actor
from app.core.database import Transaction
from app.core.errors import FieldError, Invalid
from app.core.incoming.inputs import Input, Line, Name
from app.core.permissions import Permission
from app.organisation import actions, queries
from app.web import flash
from app.web.forms import Submitted, form
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
PATH = "/settings/organisation"
Writer = Annotated[Actor, requires(Permission.ORGANISATION_WRITE)]


class OrganisationIn(Input):
    """The form."""

    name: Name
    time_zone: Line
    currency: Line
    fiscal_year_start: int
    unused_after_days: int


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """The form's page: what is set, or what was typed, and what is wrong with it."""

    typed: Mapping[str, str]
    time_zones: tuple[tuple[str, str], ...]
    currencies: tuple[tuple[str, str], ...]
    months: tuple[tuple[str, str], ...]
    errors: tuple[FieldError, ...] = ()


@router.get(PATH, include_in_schema=False)
def settings(request: Request, actor: Writer, db: Transaction) -> HTMLResponse:
    organisation = queries.get_organisation(db)
    typed = {name: str(getattr(organisation, name)) for name in OrganisationIn.model_fields}
    return _draw(request, typed)


@router.post(PATH, include_in_schema=False)
def change(
    sent: Annotated[Submitted[OrganisationIn], Depends(form(OrganisationIn))],
    request: Request,
    actor: Writer,
    db: Transaction,
) -> Response:
    if sent.value is None:
        return _draw(request, sent.raw, sent.errors)
    try:
        actions.change(db, actor, queries.get_organisation(db), **sent.value.model_dump())
    except Invalid as error:
        return _draw(request, sent.raw, error.fields)
    response = RedirectResponse(PATH, 303)
    flash.say(response, "Organisation saved.")
    return response


def _draw(request: Request, typed: Mapping[str, str], errors: tuple[FieldError, ...] = ()) -> HTMLResponse:
    page = OrganisationPage(
        {name: typed.get(name, "") for name in OrganisationIn.model_fields},
        tuple((zone, zone.replace("_", " ")) for zone in actions.time_zones()),
        tuple((code, code) for code in actions.CURRENCIES),
        tuple((str(number), month) for number, month in enumerate(MONTHS, start=1)),
        errors,
    )
    return render(request, "organisation/settings.html", page, status=422 if errors else 200)

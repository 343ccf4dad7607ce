"""Light, dark or as the system has it: a cookie, so that the server draws the theme and nothing flashes."""

from typing import Annotated

from fastapi import Form
from fastapi.responses import RedirectResponse

from app.web.guards import static_public
from app.web.router import Router
from app.web.safe_path import same_site_path
from app.web.shell import THEME_COOKIE, THEMES

router = Router()
_YEAR = 365 * 24 * 3600


@router.post("/theme", include_in_schema=False)
async def set_theme(
    _: Annotated[None, static_public("a matter of taste, kept in the browser")],
    value: Annotated[str, Form(max_length=10)] = "",
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> RedirectResponse:
    """Remember the theme in the browser and go back."""
    response = RedirectResponse(same_site_path(back), 303)
    if value in THEMES:
        response.set_cookie(THEME_COOKIE, value, max_age=_YEAR, secure=True, samesite="lax", httponly=True)
    else:
        response.delete_cookie(THEME_COOKIE, secure=True, samesite="lax", httponly=True)
    return response

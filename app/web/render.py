"""Draw a page: one template, one frozen dataclass as its whole context, the frame around it.

The same handler answers with the whole page or, when htmx asks for a part, with the named block alone.
"""

import functools
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.web import flash
from app.web.filters import FILTERS, ZONE
from app.web.shell import shell_of
from app.web.static_files import static_files

TEMPLATES = Path(__file__).parent / "templates"
_HEADERS = {"Vary": "HX-Request-Type, Cookie", "Cache-Control": "no-store"}


def render(
    request: Request, template: str, page: object, *, status: int = 200, block: str | None = None
) -> HTMLResponse:
    """Answer with ``template``, whose context is ``page`` (a frozen dataclass) and ``shell``.

    Where htmx asks for a part and ``block`` names it, only that block is drawn. A name that ``page`` does not have
    raises, it never prints nothing.
    """
    shell = shell_of(request)
    context = {"page": page, "shell": shell}
    part = block if block and is_partial(request) else None
    token = ZONE.set(shell.zone)
    try:
        html = draw(template, context, part)
    finally:
        ZONE.reset(token)
    response = HTMLResponse(html, status, headers=_HEADERS)
    if shell.toasts and part is None:
        flash.clear(response)
    return response


def is_partial(request: Request) -> bool:
    """Whether htmx wants only the part that it will swap in."""
    return request.headers.get("hx-request-type") == "partial"


def draw(template: str, context: dict[str, Any], block: str | None = None) -> str:
    """The text of a template, or of one of its blocks with the template's own imports in reach."""
    found = environment().get_template(template)
    if block is None:
        return found.render(context)
    inner = found.new_context(context)
    # The imports at the top have run once the layout gives its first piece; the rest of the page is not drawn.
    next(piece for piece in found.root_render_func(inner) if piece.strip())
    return "".join(inner.blocks[block][0](inner))


@functools.cache
def environment() -> Environment:
    """The one set of compiled templates of this process."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters.update(FILTERS)
    made.globals.update(asset=static_files().address, sprite=static_files().sprite)
    return made

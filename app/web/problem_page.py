"""What an error page says: what happened, what it means, what to do, and nothing about our insides.

A page carries an id that is in the log; a stranger learns no more than the status does.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.web.render import render


@dataclass(frozen=True, slots=True)
class Problem:
    """One error page. ``error_id`` is what to look for in the log; ``href`` and ``link`` lead on."""

    status: int
    title: str
    message: str
    error_id: str = ""
    href: str = "/"
    link: str = "Go to the first page"


_WORDS: dict[int, tuple[str, str]] = {
    400: ("The request was refused", "Something in the request was not understood. Nothing was changed."),
    403: ("Not allowed", "Your role does not include this. An administrator can grant it under Settings, Users."),
    404: ("Not found", "There is no such page, or it is not yours to see."),
    405: ("Not allowed here", "This address does not take that kind of request. Nothing was changed."),
    413: ("Too large", "What you sent is larger than this page takes. Nothing was changed."),
    429: ("Too many requests", "Wait a little, then try again."),
    500: ("This page failed", "The fault is ours. Nothing was half-saved. Try again, or report the id below."),
    503: ("Not available right now", "Something this page needs is down. Nothing was changed. Try again in a minute."),
}  # fmt: skip


def problem_page(
    request: Request, status: int, *, title: str = "", message: str = "", error_id: str = "", **link: Any
) -> HTMLResponse:
    """The page for an error; words left out are the status's own. A partial request gets only the problem itself."""
    words = _WORDS.get(status, _WORDS[400 if status < 500 else 500])  # noqa: PLR2004 - the first server error
    page = Problem(status, title or words[0], message or words[1], error_id, **link)
    return render(request, "errors/problem.html", page, status=status, block="problem")

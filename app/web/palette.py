"""The command palette (⌘K): what rooms find for a few typed letters, ranked by the server, only what the actor may see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from app.core.actor import Actor
from app.core.database import Db, Transaction
from app.core.permissions import Permission
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router
from app.web.shell import shell_of

router = Router()
_PER_GROUP = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. ``mark`` is how it is drawn: "person", "app" or ""."""

    label: str
    href: str
    sub: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """What one room finds: ``search(request, db, actor, text, limit)``. It applies its own row visibility."""

    label: str
    permission: Permission
    search: Callable[[Request, Db, Actor, str, int], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class PalettePage:
    """What the list of the palette shows."""

    query: str
    groups: tuple[tuple[str, tuple[Hit, ...]], ...]


@router.get("/palette", include_in_schema=False)
def search(
    request: Request,
    actor: Annotated[Actor, requires(Permission.SELF)],
    db: Transaction,
    q: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """The options for what is typed: pages first, then what each room finds."""
    text = q.strip()
    pages = [Hit(item.label, item.href) for item in shell_of(request).pages if text.casefold() in item.label.casefold()]
    groups = [("Go to", tuple(pages))]
    providers: Sequence[Provider] = request.app.state.palette
    if text:
        groups += [
            (provider.label, tuple(provider.search(request, db, actor, text, _PER_GROUP)))
            for provider in providers
            if actor.may(provider.permission)
        ]
    return render(request, "palette.html", PalettePage(text, tuple(group for group in groups if group[1])))

"""What the frame of every page knows: whose installation this is, who is signed in, what they may open.

It is read from the request alone; nothing here asks the database, so that an error page can be drawn when it is down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from fastapi import Request

from app.core.actor import Actor
from app.web import flash
from app.web.navigation import NavGroup, NavItem, groups_for, settings_for

THEME_COOKIE = "__Host-theme"
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the running application tells its pages. ``banner`` is "" in production."""

    version: str
    organisation: str = "Stackwarden"
    zone: tzinfo = UTC
    banner: str = ""


Surround = Callable[[Request], Surroundings]
"""Main keeps one on ``app.state.shell``. It must not fail: error pages call it too."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of one page. ``user`` is "" where nobody is signed in; ``theme`` is "" to match the system."""

    organisation: str
    version: str
    zone: tzinfo
    banner: str
    user: str
    groups: tuple[NavGroup, ...]
    settings: tuple[NavItem, ...]
    theme: str
    path: str
    back: str
    toasts: tuple[str, ...]

    @property
    def pages(self) -> tuple[NavItem, ...]:
        """All pages the user can open, for the palette."""
        return tuple(item for group in self.groups for item in group.items) + self.settings


def shell_of(request: Request) -> Shell:
    """The frame for this request; a request without an actor is a stranger's."""
    surround: Surround = request.app.state.shell
    around = surround(request)
    actor: Actor | None = getattr(request.state, "actor", None)
    signed_in = actor is not None and actor.kind == "user"
    permissions = actor.permissions if actor is not None and signed_in else frozenset[str]()
    theme = request.cookies.get(THEME_COOKIE, "")
    query = f"?{request.url.query}" if request.url.query else ""
    return Shell(
        organisation=around.organisation,
        version=around.version,
        zone=around.zone,
        banner=around.banner,
        user=actor.label if actor is not None and signed_in else "",
        groups=groups_for(permissions),
        settings=settings_for(permissions),
        theme=theme if theme in THEMES else "",
        path=request.url.path,
        back=request.url.path + query if request.method == "GET" else "/",
        toasts=flash.read(request),
    )

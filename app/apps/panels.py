"""What this room puts on an app's record (its first tab) and into the palette. Main wires it."""

from collections.abc import Sequence

from fastapi import Request

from app.apps.queries import search_apps
from app.apps.wording import status_word
from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Permission
from app.web.palette import Hit, Provider
from app.web.panels import Tab

TABS = (Tab("app", "overview", "Overview", "/apps/{id}", Permission.APPS_READ, order=0),)


def search(_request: Request, db: Db, actor: Actor, q: str, limit: int) -> Sequence[Hit]:
    """The apps whose name, instance or vendor contains ``q``, those whose name begins with it first."""
    found = search_apps(db, actor, q, limit)
    return [Hit(app.label, f"/apps/{app.id}", sub=status_word(app.status), mark="app") for app in found]


PALETTE = Provider("Apps", Permission.APPS_READ, search)

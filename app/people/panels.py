"""What this room puts on a person's record (its first tab) and into the palette. Main wires it."""

from collections.abc import Sequence

from fastapi import Request

from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Permission
from app.people.roster import Roster, roster_of
from app.people.searching import find_by_words
from app.web.palette import Hit, Provider
from app.web.panels import Tab

TABS = (Tab("person", "overview", "Overview", "/people/{id}", Permission.PEOPLE_READ, order=0),)


def search(db: Db, actor: Actor, roster: Roster, q: str, limit: int) -> list[Hit]:
    """The people that best fit what is being typed, of those the actor sees."""
    found = find_by_words(db, actor, roster, q, limit)
    return [
        Hit(entry.name, f"/people/{entry.id}", roster.facets.name(db, entry.team_id), mark="person") for entry in found
    ]


def _provide(request: Request, db: Db, actor: Actor, q: str, limit: int) -> Sequence[Hit]:
    return search(db, actor, roster_of(request), q, limit)


PALETTE = Provider("People", Permission.PEOPLE_READ, _provide)

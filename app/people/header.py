"""The head of a person's record: who it is, their state, their tabs. Every tab, of whatever room, is drawn under it."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Permission
from app.people.queries import PersonOut, get_person
from app.people.roster import roster_of
from app.people.wording import status_tone, status_word, type_word
from app.web.panels import panels_of


@dataclass(frozen=True, slots=True)
class PersonHeader:
    """What ``people/_record.html`` draws; ``current`` is the key of the tab that is shown."""

    person: PersonOut
    status: str
    tone: str
    type: str
    tabs: tuple[tuple[str, str, str, None], ...]
    current: str
    may_change: bool

    @property
    def path(self) -> str:
        """The address of the record."""
        return f"/people/{self.person.id}"

    @property
    def sub(self) -> str:
        """What is said under the name."""
        return " · ".join(filter(None, (self.type, self.person.job_title, self.person.team, self.person.email)))


def person_header(request: Request, db: Db, actor: Actor, person_id: UUID, current: str) -> PersonHeader:
    """The head of one person's record. Refuses (``NotFound``) who the actor may not see."""
    person = get_person(db, actor, roster_of(request), person_id)
    return PersonHeader(
        person=person,
        status=status_word(person.status),
        tone=status_tone(person.status),
        type=type_word(person.type),
        tabs=panels_of(request).tabs("person", person_id, actor.permissions),
        current=current,
        may_change=actor.may(Permission.PEOPLE_WRITE),
    )

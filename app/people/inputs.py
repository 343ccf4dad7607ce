"""What comes in about a person, over JSON and in forms, and what it means for the actions."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Invalid
from app.core.incoming import text
from app.core.incoming.inputs import ABSENT, Day, Email, Input, changes
from app.people.actions import PersonChanges
from app.people.models import PersonType
from app.people.roster import Roster
from app.people.searching import find_named

MAX_ALIASES = 50
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(text.one_line)]
Aliases = Annotated[list[Email], Field(max_length=MAX_ALIASES)]
_NULLABLE = {"manager_id", "start_date"}


class PersonIn(Input):
    """A new person. At least a name or an e-mail address; teams and the like are named and made where missing."""

    display_name: Short = ""
    given_name: Short = ""
    family_name: Short = ""
    email: Email | None = None
    aliases: Aliases | None = None
    employee_id: Short = ""
    phone: Short = ""
    type: PersonType = "employee"
    team: Short = ""
    location: Short = ""
    cost_centre: Short = ""
    job_title: Short = ""
    manager_id: UUID | None = None
    start_date: Day | None = None


class PersonPatch(Input):
    """Changes to a person: what is absent stays, null clears. ``is_manual`` false lets the sources speak again."""

    display_name: Short | None = ABSENT
    given_name: Short | None = ABSENT
    family_name: Short | None = ABSENT
    email: Email | None = ABSENT
    aliases: Aliases | None = ABSENT
    employee_id: Short | None = ABSENT
    phone: Short | None = ABSENT
    type: PersonType = ABSENT
    team: Short | None = ABSENT
    location: Short | None = ABSENT
    cost_centre: Short | None = ABSENT
    job_title: Short | None = ABSENT
    manager_id: UUID | None = ABSENT
    start_date: Day | None = ABSENT
    is_manual: bool = ABSENT


class DepartureIn(Input):
    """A departure. ``leaving_date`` is the last day; without it the person has left now."""

    leaving_date: Day | None = None


class PersonForm(Input):
    """The form of one person. ``aliases`` are separated by commas, ``manager`` is an e-mail address or a full name."""

    display_name: Short = ""
    given_name: Short = ""
    family_name: Short = ""
    email: Email | None = None
    aliases: Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)] = ""
    employee_id: Short = ""
    phone: Short = ""
    type: PersonType = "employee"
    team: Short = ""
    location: Short = ""
    cost_centre: Short = ""
    job_title: Short = ""
    manager: Short = ""
    start_date: Day | None = None


class DepartureForm(Input):
    """The form of a departure; without a date the person has left now."""

    leaving_date: Day | None = None


def meant(given: PersonIn | PersonPatch) -> PersonChanges:
    """What was sent, as facts of a person."""
    said: dict[str, Any] = changes(given)
    return _facts(said)


def meant_by_form(db: Db, actor: Actor, roster: Roster, given: PersonForm, person_id: UUID | None) -> PersonChanges:
    """The same for the form, which says everything. Refuses (``Invalid``) a wrong alias, and a manager who is nobody."""
    said: dict[str, Any] = {name: getattr(given, name) for name in PersonForm.model_fields}
    said["aliases"] = [_alias(part) for part in given.aliases.split(",") if part.strip()]
    if len(said["aliases"]) > MAX_ALIASES:
        raise Invalid.field("aliases", f"Enter {MAX_ALIASES} aliases at most.")
    said["manager_id"] = _manager(db, actor, roster, said.pop("manager"), person_id)
    return _facts(said)


def _alias(typed: str) -> str:
    try:
        return text.email(typed)
    except ValueError:
        raise Invalid.field("aliases", "Enter e-mail addresses, separated by commas.") from None


def _manager(db: Db, actor: Actor, roster: Roster, typed: str, person_id: UUID | None) -> UUID | None:
    if not typed:
        return None
    found = [entry.id for entry in find_named(db, actor, roster, typed) if entry.id != person_id]
    if len(found) > 1:
        raise Invalid.field("manager", "Several people have this name. Enter an e-mail address.")
    if not found:
        raise Invalid.field("manager", "Nobody else here is known by this. Enter an e-mail address or a full name.")
    return found[0]


def _facts(said: dict[str, Any]) -> PersonChanges:
    if "aliases" in said:
        said["aliases"] = tuple(said["aliases"] or ())
    facts: Any = {name: "" if value is None and name not in _NULLABLE else value for name, value in said.items()}
    meaning: PersonChanges = facts
    return meaning

"""What can happen to a person by hand: added, changed, marked as left or active again. Each act records one event.

Whose status the lifecycle source decides is not changed here: the source would only change it back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, TypedDict, Unpack, get_args
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, FieldError, Invalid
from app.core.identifiers import new_id
from app.core.incoming.text import address_key
from app.organisation.queries import today
from app.people.emails import resolve_by_emails, set_emails
from app.people.facets import ensure_facet, ensure_facets, facet_name
from app.people.merging import merge_people, remember_moved, unmerge_people
from app.people.models import FacetKind, Person, PersonFacts, PersonType
from app.people.users import link_users
from app.people.visibility import visible

__all__ = [
    "ensure_facet", "ensure_facets", "merge_people", "remember_moved", "resolve_by_emails", "unmerge_people",
]  # fmt: skip

FACETS: Final[tuple[FacetKind, ...]] = get_args(FacetKind)
_SEALED = tuple(field.name for field in msgspec.structs.fields(PersonFacts))
_PLAIN = ("type", "manager_id", "start_date", "is_manual")


class PersonChanges(TypedDict, total=False):
    """What may be said of a person; what is absent stays as it is, "" and None clear. Facets are given by name."""

    display_name: str
    given_name: str
    family_name: str
    email: str
    aliases: tuple[str, ...]
    employee_id: str
    phone: str
    type: PersonType
    team: str
    location: str
    cost_centre: str
    job_title: str
    manager_id: UUID | None
    start_date: date | None
    is_manual: bool


def create_person(db: Db, actor: Actor, **facts: Unpack[PersonChanges]) -> Person:
    """Add a person by hand, active, whom no source overwrites.

    Refuses (``Invalid``) one without name and address, (``Conflict``) an address that somebody has.
    """
    now = clock.now()
    person = Person(
        id=new_id(),
        type="employee",
        status="active",
        status_from="hand",
        is_manual=True,
        created_at=now,
        changed_at=now,
    )
    person.sealed = db.seal(Person, person.id, PersonFacts())
    before = _shown(db, person)
    _apply(db, actor, person, facts)
    db.add(person)
    _claim_addresses(db, person)
    changes = audit.changed({**before, "type": None}, {**_shown(db, person), "status": person.status})
    audit.record(db, actor, Event.PERSON_CREATED, subject_of(db, person), changes=changes)
    return person


def change_person(db: Db, actor: Actor, person: Person, **facts: Unpack[PersonChanges]) -> None:
    """Set what ``facts`` names and leave the rest; nothing happens when nothing differs.

    Facts typed here are no longer overwritten by sources, until ``is_manual=False`` lets the sources speak again. Refuses
    (``Invalid``) to leave neither name nor address, (``Conflict``) an address that somebody has.
    """
    before = _shown(db, person)
    _apply(db, actor, person, facts)
    if "is_manual" not in facts and _shown(db, person) != before:
        person.is_manual = True
    changes = audit.changed(before, _shown(db, person))
    if not changes:
        return
    person.changed_at = clock.now()
    db.session.flush()
    _claim_addresses(db, person)
    audit.record(db, actor, Event.PERSON_CHANGED, subject_of(db, person), changes=changes)


def mark_left(db: Db, actor: Actor, person: Person, *, leaving_date: date | None = None) -> None:
    """Note that the person has left, or will have after ``leaving_date``, their last day; None is now.

    Refuses (``Conflict``) where the lifecycle source decides, and to plan the leaving of who has left.
    """
    _require_no_source(person)
    day = today(db)
    is_gone = leaving_date is None or leaving_date < day
    if person.status == "left" and not is_gone:
        raise Conflict("This person has left already. Mark them as active first.")
    with _changing_status(db, actor, person):
        person.leaving_date = leaving_date or person.leaving_date or day
        person.status = "left" if is_gone else person.status


def mark_active(db: Db, actor: Actor, person: Person) -> None:
    """Note that the person is here and stays. Refuses (``Conflict``) where the lifecycle source decides."""
    _require_no_source(person)
    with _changing_status(db, actor, person):
        person.leaving_date = None
        person.status = "active"


def subject_of(db: Db, person: Person) -> Subject:
    """A person as the subject of an event."""
    return Subject("person", person.id, name_of(db, person))


def name_of(db: Db, person: Person) -> str:
    """What a person is called."""
    return db.open(PersonFacts, Person, person.id, person.sealed).display_name


@contextmanager
def _changing_status(db: Db, actor: Actor, person: Person) -> Iterator[None]:
    before = {"status": person.status, "leaving_date": person.leaving_date}
    yield
    changes = audit.changed(before, {"status": person.status, "leaving_date": person.leaving_date})
    if not changes:
        return
    person.status_from = "hand"
    person.changed_at = now = clock.now()
    event = Event.PERSON_CHANGED
    if person.status != before["status"]:
        event = Event.PERSON_LEFT if person.status == "left" else Event.PERSON_JOINED
        person.left_at = now if person.status == "left" else None
    db.session.flush()
    audit.record(db, actor, event, subject_of(db, person), changes=changes)


def _require_no_source(person: Person) -> None:
    if person.status_from == "lifecycle":
        raise Conflict("The lifecycle source decides who has left. Change this person there, then sync.")


def _apply(db: Db, actor: Actor, person: Person, facts: PersonChanges) -> None:
    given: Mapping[str, Any] = facts
    if given.get("manager_id") is not None:
        _require_manager(db, actor, person, given["manager_id"])
    for name in _PLAIN:
        if name in given:
            setattr(person, name, given[name])
    for kind in FACETS:
        if kind in given:
            setattr(person, f"{kind}_id", ensure_facet(db, kind, given[kind]))
    old = db.open(PersonFacts, Person, person.id, person.sealed)
    new = _named(msgspec.structs.replace(old, **{name: given[name] for name in _SEALED if name in given}))
    if new != old:
        person.sealed = db.seal(Person, person.id, new)


def _named(facts: PersonFacts) -> PersonFacts:
    """The same with a name to show, and no alias twice or equal to the address."""
    aliases = {address_key(alias): alias for alias in facts.aliases if address_key(alias) != address_key(facts.email)}
    name = facts.display_name or f"{facts.given_name} {facts.family_name}".strip() or facts.email
    if not name:
        message = "Enter a name or an e-mail address."
        raise Invalid(message, fields=(FieldError("display_name", message),))
    return msgspec.structs.replace(facts, display_name=name, aliases=tuple(aliases.values()))


def _require_manager(db: Db, actor: Actor, person: Person, manager_id: UUID) -> None:
    if manager_id == person.id:
        raise Invalid.field("manager_id", "Nobody is their own manager.")
    if db.value(sa.select(Person.id).where(Person.id == manager_id, visible(actor))) is None:
        raise Invalid.field("manager_id", "There is no such person.")
    if person.id in _managers_above(db, manager_id):
        raise Invalid.field("manager_id", "They report to this person already, directly or through others.")


def _managers_above(db: Db, person_id: UUID) -> set[UUID]:
    """The manager of a person, theirs, and so on; each once, should a source lead in a circle."""
    above = sa.select(Person.manager_id.label("id")).where(Person.id == person_id).cte(recursive=True)
    above = above.union(sa.select(Person.manager_id).join(above, Person.id == above.c.id))
    return set(db.session.scalars(sa.select(above.c.id)))


def _claim_addresses(db: Db, person: Person) -> None:
    facts = db.open(PersonFacts, Person, person.id, person.sealed)
    set_emails(db, person.id, facts.email, facts.aliases)
    link_users(db)


def _shown(db: Db, person: Person) -> dict[str, Any]:
    """What the trail shows of a person."""
    facts = db.open(PersonFacts, Person, person.id, person.sealed)
    manager = db.find(Person, person.manager_id) if person.manager_id else None
    return {
        **{name: getattr(facts, name) or None for name in _SEALED},
        "aliases": ", ".join(facts.aliases) or None,
        "type": person.type,
        **{kind: facet_name(db, getattr(person, f"{kind}_id")) or None for kind in FACETS},
        "manager": name_of(db, manager) if manager else None,
        "start_date": person.start_date,
        "is_manual": person.is_manual,
    }

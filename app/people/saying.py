"""Who says so: for each fact of a person the source it comes from and how old that is.

A fact is the word of the first record that says the same: the lifecycle source's before others, those that still hold the
person before those that did; a fact that no record says was entered here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.core.incoming.text import address_key
from app.people.records import PersonOut, RecordOut
from app.people.wording import BY_HAND, status_word, type_word
from app.web.sources import Source, source_of

_SAME: Sequence[tuple[str, str]] = (
    ("given_name", "First name"),
    ("family_name", "Last name"),
    ("email", "E-mail"),
    ("employee_id", "Employee id"),
    ("phone", "Phone"),
    ("job_title", "Job title"),
    ("team", "Team"),
    ("location", "Location"),
    ("cost_centre", "Cost centre"),
    ("start_date", "Start date"),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name in words, its value ("" is not known), and who says so ("" for what is not known) as of when."""

    label: str
    value: str | date
    source: str
    at: datetime | None


_COMPARED: Sequence[tuple[str, str]] = (
    ("display_name", "Name"),
    *_SAME[:3],
    ("aliases", "Aliases"),
    *_SAME[3:-1],
    ("manager", "Manager"),
    ("start_date", "Start date"),
    ("leaving_date", "Last day"),
    ("source_id", "Id there"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says of a person. ``age`` is when it last said so."""

    record: RecordOut
    source: str
    age: datetime | None
    is_decisive: bool
    status: str
    type: str


def statements(
    records: Sequence[RecordOut], sources: Mapping[UUID, Source], lifecycle_source_id: UUID | None
) -> list[Statement]:
    """The records with their sources, in order of whose word counts."""
    found = []
    for record in records:
        source = source_of(sources, record.connection_id)
        age = record.seen_until or source.last_complete_at
        decisive = record.connection_id == lifecycle_source_id
        said = (status_word(record.status), type_word(record.type))
        found.append(Statement(record, source.name, age, decisive, *said))
    return sorted(found, key=lambda one: (not one.is_decisive, one.record.seen_until is not None, one.record.seen_from))


def comparison(said: Sequence[Statement]) -> list[tuple[str, list[str | date]]]:
    """Each fact that any source says, with what each of them says ("" where it is silent)."""
    found = []
    for field, label in _COMPARED:
        values = [_shown(getattr(one.record, field)) for one in said]
        if any(values):
            found.append((label, values))
    return found


def facts_of(person: PersonOut, said: Sequence[Statement], manager: str) -> list[Fact]:
    """What is known of a person, fact by fact. ``manager`` is their manager's name."""

    def fact(label: str, value: str | date | None, says: Callable[[RecordOut], bool]) -> Fact:
        if not value:
            return Fact(label, "", "", None)
        by = next((one for one in said if says(one.record)), None)
        return Fact(label, value, by.source if by else BY_HAND, by.age if by else person.changed_at)

    def same(field: str) -> Callable[[RecordOut], bool]:
        value = getattr(person, field)
        return lambda record: _equal(getattr(record, field), value)

    found = [fact(label, getattr(person, field), same(field)) for field, label in _SAME]
    aliases = {address_key(alias) for alias in person.aliases}
    found.insert(
        3, fact("Aliases", ", ".join(person.aliases), lambda record: not aliases.isdisjoint(_addresses(record)))
    )
    found.append(fact("Manager", manager, lambda record: bool(record.manager) and not person.is_manual))
    found.append(_leaving(person, said))
    return [_status(person, said), fact("Type", type_word(person.type), same("type")), *found]


def _status(person: PersonOut, said: Sequence[Statement]) -> Fact:
    """The status, and who decided it."""
    value = status_word(person.status)
    if person.status_from == "hand":
        return Fact("Status", value, BY_HAND, person.left_at or person.changed_at)
    by = next((one for one in said if one.is_decisive or (person.status_from == "records")), None)
    if by is None:
        return Fact("Status", value, "", None)
    return Fact("Status", value, f"{by.source}, the lifecycle source" if by.is_decisive else by.source, by.age)


def _leaving(person: PersonOut, said: Sequence[Statement]) -> Fact:
    if person.leaving_date is None:
        return Fact("Last day", "", "", None)
    by = next((one for one in said if one.record.leaving_date == person.leaving_date), None)
    if by is None:
        return Fact("Last day", person.leaving_date, BY_HAND, person.changed_at)
    return Fact("Last day", person.leaving_date, by.source, by.age)


def _shown(value: str | date | tuple[str, ...] | None) -> str | date:
    return ", ".join(value) if isinstance(value, tuple) else value or ""


def _equal(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return one == other


def _addresses(record: RecordOut) -> set[str]:
    return {address_key(address) for address in (record.email, *record.aliases)}

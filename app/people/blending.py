"""One person from several records: of each fact the first that says anything, in the order of whose word counts.

The lifecycle source comes first, then records that are still there, then the older ones. Addresses are all kept. Status
and leaving date are the lifecycle's to decide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple, get_args
from uuid import UUID

import msgspec

from app.core.database import Db
from app.core.incoming.text import address_key
from app.people.facets import ensure_facets
from app.people.models import FacetKind, PersonFacts, PersonRecord, RecordFacts

FacetIds = Mapping[tuple[str, str], UUID]
_KINDS: Final[tuple[FacetKind, ...]] = get_args(FacetKind)
_records = PersonRecord.__table__.c


class Said(NamedTuple):
    """What one record says of a person: ``row`` has its plain columns, ``rank`` orders it among the others."""

    person_id: UUID
    record_id: UUID
    rank: tuple[Any, ...]
    row: Any
    facts: RecordFacts


def rank_of(
    lifecycle_source_id: UUID | None,
    connection_id: UUID,
    seen_until: datetime | None,
    seen_from: datetime,
    record_id: UUID,
) -> tuple[Any, ...]:
    """Whose word counts first: the least. The same order as ``rank_in_sql``."""
    return connection_id != lifecycle_source_id, seen_until is not None, seen_from, record_id


def rank_in_sql(lifecycle_source_id: UUID | None) -> tuple[Any, ...]:
    """The same for an ORDER BY over records."""
    return (
        _records.connection_id.is_distinct_from(lifecycle_source_id),
        _records.seen_until.is_not(None),
        _records.seen_from,
        _records.id,
    )


@dataclass(frozen=True, slots=True)
class Blended:
    """A person as their records say: ``said`` has the first word on each fact."""

    facts: PersonFacts
    type: str
    said: RecordFacts
    start_date: date | None

    def plain(self, facets: FacetIds) -> tuple[Any, ...]:
        """type, team_id, location_id, cost_centre_id, job_title_id, start_date."""
        return self.type, *(facets.get((kind, getattr(self.said, kind))) for kind in _KINDS), self.start_date


def blend(said: Sequence[Said], is_theirs: Callable[[str], bool]) -> Blended:
    """The person of these records, which are in order, with those of the addresses that are theirs."""
    first = said[0].facts if len(said) == 1 else _first_words([one.facts for one in said])
    addresses: dict[str, str] = {}
    for address in (*(one.facts.email for one in said), *(alias for one in said for alias in one.facts.aliases)):
        if address and is_theirs(address):
            addresses.setdefault(address_key(address), address)
    email, *aliases = addresses.values() or ("",)
    given, family = first.given_name, first.family_name
    facts = PersonFacts(
        display_name=first.display_name or f"{given} {family}".strip() or email or said[0].facts.source_id,
        given_name=given,
        family_name=family,
        email=email,
        aliases=tuple(aliases),
        employee_id=first.employee_id,
        phone=first.phone,
    )
    return Blended(
        facts, said[0].row.type, first, next((one.row.start_date for one in said if one.row.start_date), None)
    )


def _first_words(several: Sequence[RecordFacts]) -> RecordFacts:
    """Of each fact the first that says anything."""
    names = RecordFacts.__struct_fields__
    words = {name: next(filter(None, map(attrgetter(name), several)), getattr(several[0], name)) for name in names}
    return msgspec.structs.replace(several[0], **words)


def facet_ids(db: Db, facts: Sequence[RecordFacts]) -> FacetIds:
    """The ids of all teams, locations, cost centres and job titles that are named, by kind and name."""
    names = {kind: set(map(attrgetter(kind), facts)) for kind in _KINDS}
    return {
        (kind, name): facet_id for kind in _KINDS for name, facet_id in ensure_facets(db, kind, names[kind]).items()
    }

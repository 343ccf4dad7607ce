"""A person, and what each source says of them, as they are shown: rows with their sealed facts opened.

Lists are plain rows of columns; nothing here loads objects, because opening and encoding a hundred people is a hot path.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core.database import Db
from app.people.facets import FacetNames
from app.people.models import Person, PersonFacts, PersonRecord, RecordFacts
from app.people.visibility import PEOPLE

_p = PEOPLE.c
PERSON_COLUMNS = (
    _p.id, _p.type, _p.status, _p.status_from, _p.team_id, _p.location_id, _p.cost_centre_id, _p.job_title_id,
    _p.manager_id, _p.start_date, _p.leaving_date, _p.left_at, _p.is_manual, _p.created_at, _p.changed_at, _p.sealed,
)  # fmt: skip
_WIDTH = len(PERSON_COLUMNS)
_r = PersonRecord.__table__.c


class PersonOut(msgspec.Struct, frozen=True, gc=False):
    """A person. "" and null are not known.

    ``status_from`` says who decided the status: "lifecycle" (the lifecycle source), "records" (what other sources say) or
    "hand". ``leaving_date`` is the last day. ``is_manual``: the facts were typed here and no source overwrites them.
    """

    id: UUID
    display_name: str
    given_name: str
    family_name: str
    email: str
    aliases: tuple[str, ...]
    employee_id: str
    phone: str
    type: str
    status: str
    status_from: str
    team: str
    location: str
    cost_centre: str
    job_title: str
    manager_id: UUID | None
    start_date: date | None
    leaving_date: date | None
    left_at: datetime | None
    is_manual: bool
    created_at: datetime
    changed_at: datetime


class RecordOut(msgspec.Struct, frozen=True):
    """What one source says of a person, as it said it. ``seen_until`` is null while the source still holds it."""

    id: UUID
    connection_id: UUID
    source_id: str
    display_name: str
    given_name: str
    family_name: str
    email: str
    aliases: tuple[str, ...]
    employee_id: str
    phone: str
    type: str
    status: str
    team: str
    location: str
    cost_centre: str
    job_title: str
    manager: str
    start_date: date | None
    leaving_date: date | None
    seen_from: datetime
    seen_until: datetime | None


def opened(db: Db, names: FacetNames, row: sa.Row[Any]) -> PersonOut:
    """A row that begins with ``PERSON_COLUMNS``, with its facts opened and its facets named."""
    (
        person_id, kind, status, status_from, team, location, cost_centre, job_title, manager_id, start_date,
        leaving_date, left_at, is_manual, created_at, changed_at, sealed,
    ) = row[:_WIDTH]  # fmt: skip
    facts = db.open(PersonFacts, Person, person_id, sealed)
    name = names.name
    return PersonOut(
        person_id, facts.display_name, facts.given_name, facts.family_name, facts.email, facts.aliases,
        facts.employee_id, facts.phone, kind, status, status_from, name(db, team), name(db, location),
        name(db, cost_centre), name(db, job_title), manager_id, start_date, leaving_date, left_at, is_manual, created_at,
        changed_at,
    )  # fmt: skip


def list_records(db: Db, person_id: UUID) -> list[RecordOut]:
    """What each source says of a person, those that still do first. The caller has checked that the person is visible."""
    rows = db.rows(
        sa.select(*PersonRecord.__table__.columns)
        .where(_r.person_id == person_id)
        .order_by(_r.seen_until.is_not(None), _r.seen_from)
    )
    return [_record(row, db.open(RecordFacts, PersonRecord, row.id, row.sealed)) for row in rows]


def _record(row: sa.Row[Any], facts: RecordFacts) -> RecordOut:
    return RecordOut(
        id=row.id, connection_id=row.connection_id, source_id=facts.source_id, display_name=facts.display_name,
        given_name=facts.given_name, family_name=facts.family_name, email=facts.email, aliases=facts.aliases,
        employee_id=facts.employee_id, phone=facts.phone, type=row.type, status=row.status, team=facts.team,
        location=facts.location, cost_centre=facts.cost_centre, job_title=facts.job_title, manager=facts.manager,
        start_date=row.start_date, leaving_date=row.leaving_date, seen_from=row.seen_from, seen_until=row.seen_until,
    )  # fmt: skip

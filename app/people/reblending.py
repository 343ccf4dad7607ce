"""Say anew what people's own records say of them, after records have changed hands and not their content."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Db
from app.organisation.queries import get_organisation
from app.people.blending import Said, blend, facet_ids, rank_in_sql
from app.people.emails import email_index, resolve_by_emails, set_emails
from app.people.models import Person, PersonEmail, PersonFacts, PersonRecord, RecordFacts

_records = PersonRecord.__table__


def reblend(db: Db, people: Sequence[Person]) -> None:
    """Write each as their records say, one after the other; who has none, or was typed here, stays as they are.

    An address that one of these people bears and another of them claims goes to whose turn is first.
    """
    ours = {person.id for person in people}
    for person in people:
        said = [] if person.is_manual else _said(db, person)
        if said:
            _write(db, person, said, ours)


def _said(db: Db, person: Person) -> list[Said]:
    source = get_organisation(db).lifecycle_source_id
    rows = db.rows(sa.select(_records).where(_records.c.person_id == person.id).order_by(*rank_in_sql(source)))
    return [Said(person.id, row.id, (), row, db.open(RecordFacts, PersonRecord, row.id, row.sealed)) for row in rows]


def _write(db: Db, person: Person, said: Sequence[Said], ours: set[UUID]) -> None:
    addresses = [address for one in said for address in (one.facts.email, *one.facts.aliases) if address]
    bearers = resolve_by_emails(db, addresses)

    def is_theirs(address: str) -> bool:
        bearer = bearers.get(email_index(db, address))
        return bearer is None or bearer in ours

    blended = blend(said, is_theirs)
    facets = facet_ids(db, [one.facts for one in said])
    kind, team, location, cost_centre, job_title, start_date = blended.plain(facets)
    person.type, person.start_date = kind, start_date
    person.team_id, person.location_id, person.cost_centre_id, person.job_title_id = (
        team,
        location,
        cost_centre,
        job_title,
    )
    person.sealed = db.seal(Person, person.id, blended.facts)
    db.session.flush()
    _take(db, person, blended.facts, ours)


def _take(db: Db, person: Person, facts: PersonFacts, ours: set[UUID]) -> None:
    """Give the person the addresses that the others of these people bear, then exactly those."""
    wanted = [email_index(db, address) for address in (facts.email, *facts.aliases) if address]
    theirs = PersonEmail.email_index.in_(wanted) & PersonEmail.person_id.in_(ours - {person.id})
    db.run(sa.update(PersonEmail).where(theirs).values(person_id=person.id, is_primary=False))
    set_emails(db, person.id, facts.email, facts.aliases)

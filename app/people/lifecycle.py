"""Who is active and who has left: one lifecycle source decides, chosen by the organisation.

For whom that source knows, its leaving date counts if it gives one, else its status; a record that it no longer holds
means left. The leaving date is the last day, so its person has left from the day after, judged in the organisation's time
zone. Who is known only from other sources is active as long as one of them says so, else unknown. A status set by hand
stays until the lifecycle source knows better.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.organisation import actions as organisation_actions
from app.organisation.queries import get_organisation, today
from app.people.models import Person, PersonFacts, PersonRecord
from app.people.visibility import PEOPLE

_r = PersonRecord.__table__.c
_p = PEOPLE.alias("p")


class Recomputed(NamedTuple):
    """Who became active, who left, and how many people changed in all."""

    joined: tuple[UUID, ...]
    left: tuple[UUID, ...]
    changed: int


def recompute(
    db: Db, actor: Actor, person_ids: Collection[UUID] | None, *, quiet: bool = False, first_of: UUID | None = None
) -> Recomputed:
    """Decide the status of these people (None: of all) anew, in one statement.

    Records one event for each who joined or left, unless ``quiet``: then the caller's own event tells the counts. For the
    people of a connection that is read for the first time (``first_of``) its own event does.
    """
    decided = _decided(get_organisation(db).lifecycle_source_id, today(db), person_ids).cte("decided")
    now = clock.now()
    statement = (
        sa.update(PEOPLE)
        .where(PEOPLE.c.id == decided.c.id)
        .values(
            status=decided.c.status,
            status_from=decided.c.status_from,
            leaving_date=decided.c.leaving_date,
            changed_at=now,
            left_at=sa.case((decided.c.status == "left", sa.func.coalesce(PEOPLE.c.left_at, now))),
        )
        .returning(PEOPLE.c.id, decided.c.before, PEOPLE.c.status, PEOPLE.c.sealed)
    )
    changed = db.rows(statement)
    joined = [row for row in changed if row.status == "active" != row.before]
    left = [row for row in changed if row.status == "left" != row.before]
    told = set() if first_of is None or not (joined or left) else people_of(db, first_of)
    if not quiet:
        for event, rows in ((Event.PERSON_JOINED, joined), (Event.PERSON_LEFT, left)):
            for row in rows:
                if row.id not in told:
                    _record(db, actor, event, row)
    return Recomputed(tuple(row.id for row in joined), tuple(row.id for row in left), len(changed))


def people_of(db: Db, connection_id: UUID) -> set[UUID]:
    """Whom a connection knows or has known."""
    return set(db.session.scalars(sa.select(_r.person_id).where(_r.connection_id == connection_id)))


def choose_lifecycle_source(db: Db, actor: Actor, connection_id: UUID | None, *, label: str = "") -> Recomputed:
    """Let this connection decide from now on who has left, and decide it for all people; ``label`` is its name.

    Records the one event of the choice, none for each person: nobody joined or left because of a setting.
    """
    organisation = get_organisation(db)
    organisation_actions.choose_lifecycle_source(db, actor, organisation, source=connection_id, label=label)
    return recompute(db, actor, None, quiet=True)


def _decided(source: UUID | None, day: date, person_ids: Collection[UUID] | None) -> sa.Select[Any]:
    """The people whose status, its origin or whose leaving date is to change, locked in the order of their ids."""
    said = _said(source, day)
    by_hand = _p.c.status_from == "hand"
    is_decided = sa.func.coalesce(said.c.is_decided, sa.false())
    is_unsaid = said.c.person_id.is_(None)
    status = sa.case(
        (is_decided, said.c.decision),
        (by_hand, sa.case((_p.c.leaving_date < day, "left"), else_=_p.c.status)),
        (is_unsaid, _p.c.status),
        (said.c.is_active, "active"),
        else_="unknown",
    )
    status_from = sa.case((is_decided, "lifecycle"), (by_hand, "hand"), else_="records")
    leaving = sa.case(
        (is_decided, said.c.decided_leaving), (by_hand | is_unsaid, _p.c.leaving_date), else_=said.c.leaving
    )
    differs = sa.or_(
        _p.c.status != status, _p.c.status_from != status_from, _p.c.leaving_date.is_distinct_from(leaving)
    )
    statement = (
        sa.select(
            _p.c.id,
            _p.c.status.label("before"),
            status.label("status"),
            status_from.label("status_from"),
            leaving.label("leaving_date"),
        )
        .select_from(_p.outerjoin(said, said.c.person_id == _p.c.id))
        .where(_p.c.merged_into_id.is_(None), differs)
        .order_by(_p.c.id)
        .with_for_update(of=_p)
    )
    if person_ids is not None:
        statement = statement.where(_p.c.id == sa.any_(sa.cast(list(person_ids), sa.ARRAY(sa.Uuid))))
    return statement


def _said(source: UUID | None, day: date) -> sa.Subquery:
    """What the records of each person come to."""
    decides = sa.false() if source is None else _r.connection_id == source
    present = _r.seen_until.is_(None)
    says = sa.case(
        (_r.leaving_date.is_(None), _r.status), (_r.leaving_date < day, sa.literal("left")), else_=sa.literal("active")
    )

    def some(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        return sa.func.bool_or(sa.and_(*conditions))

    def latest(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[date | None]:
        return sa.func.max(_r.leaving_date).filter(sa.and_(*conditions))

    stays = some(decides, present, _r.leaving_date.is_(None), says != "left")
    return (
        sa.select(
            _r.person_id,
            sa.func.bool_or(decides).label("is_decided"),
            sa.case(
                (some(decides, present, says == "active"), "active"),
                (some(decides, present, says == "unknown"), "unknown"),
                else_="left",
            ).label("decision"),
            sa.case((~stays, sa.func.coalesce(latest(decides, present), latest(decides)))).label("decided_leaving"),
            some(present, _r.status == "active").label("is_active"),
            latest(present).label("leaving"),
        )
        .group_by(_r.person_id)
        .subquery("said")
    )


def _record(db: Db, actor: Actor, event: Event, row: sa.Row[Any]) -> None:
    name = db.open(PersonFacts, Person, row.id, row.sealed).display_name
    changes = audit.changed({"status": row.before}, {"status": row.status})
    audit.record(db, actor, event, Subject("person", row.id, name), changes=changes)

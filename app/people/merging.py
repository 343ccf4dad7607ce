"""Two people who are one: their records and addresses move to the kept one, and back when the merge is undone.

The merged row stays as a tombstone with its facts. What rooms above hold of it (accounts) they move themselves and hand over
what they moved, so that undoing restores exactly.
"""

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict
from app.core.identifiers import new_id
from app.core.incoming.text import address_key
from app.people.emails import email_index, resolve_by_emails, set_emails
from app.people.lifecycle import recompute
from app.people.models import MergeFacts, Person, PersonEmail, PersonFacts, PersonMerge, PersonRecord
from app.people.reblending import reblend
from app.people.users import link_users
from app.people.visibility import PEOPLE

_p = PEOPLE.c
_e = PersonEmail.__table__.c
_r = PersonRecord.__table__.c


def merge_people(db: Db, actor: Actor, kept: Person, merged: Person) -> PersonMerge:
    """Make ``merged`` the same person as ``kept``, whose facts stay and who gains the other's addresses.

    Refuses (``Conflict``) a person with themselves, or one that is merged already.
    """
    if kept.id == merged.id:
        raise Conflict("A person cannot be merged with themselves.")
    if kept.merged_into_id is not None or merged.merged_into_id is not None:
        raise Conflict("One of these people is merged into another already.")
    other = db.open(PersonFacts, Person, merged.id, merged.sealed)
    own = MergeFacts(
        aliases=_gain_aliases(db, kept, other), status=kept.status, status_from=kept.status_from,
        leaving_date=kept.leaving_date, left_at=kept.left_at,
    )  # fmt: skip
    moved = msgspec.structs.replace(_move(db, merged.id, kept.id, own), written=_written(kept))
    merge = PersonMerge(id=new_id(), kept_id=kept.id, merged_id=merged.id, merged_at=clock.now())
    merge.sealed = db.seal(PersonMerge, merge.id, moved)
    merged.merged_into_id = kept.id
    if kept.manager_id == merged.id:
        kept.manager_id = None
    db.add(merge)
    _record(db, actor, Event.PERSON_MERGED, kept, merged)
    _settle(db, actor, (kept,))
    return merge


def unmerge_people(db: Db, actor: Actor, merge: PersonMerge) -> MergeFacts:
    """Undo a merge once: everything that was moved and is still there goes back. Answers what that was.

    Refuses (``Conflict``) a second time, and while the kept person is itself merged.
    """
    kept, merged = db.find(Person, merge.kept_id, lock=True), db.find(Person, merge.merged_id, lock=True)
    assert kept is not None
    assert merged is not None
    db.session.refresh(merge, with_for_update=True)
    if merge.undone_at is not None:
        raise Conflict("This merge has been undone.")
    if kept.merged_into_id is not None:
        raise Conflict("The kept person was merged since. Undo that merge first.")
    merge.undone_at = clock.now()
    merged.merged_into_id = None
    moved = moved_by(db, merge)
    is_rewritten = _written(kept) != moved.written
    _move_back(db, kept, merged, moved)
    if is_rewritten:  # a sync has written the one as the records of both said
        reblend(db, (kept, merged))
    _take_back_addresses(db, merged)
    if moved.status_from == "hand":
        kept.status, kept.status_from, kept.leaving_date = moved.status, "hand", moved.leaving_date
    _record(db, actor, Event.PERSON_UNMERGED, kept, merged)
    _settle(db, actor, (kept, merged))
    if kept.status == moved.status:
        kept.left_at = moved.left_at
        db.session.flush()
    return moved


def remember_moved(
    db: Db,
    merge: PersonMerge,
    *,
    accounts: Collection[UUID] = (),
    owned_accounts: Collection[UUID] = (),
    owned_apps: Collection[UUID] = (),
) -> None:
    """Note with a merge what rooms above moved for it; ``unmerge_people`` answers it."""
    facts = msgspec.structs.replace(
        moved_by(db, merge),
        accounts=tuple(map(str, accounts)),
        owned_accounts=tuple(map(str, owned_accounts)),
        owned_apps=tuple(map(str, owned_apps)),
    )
    merge.sealed = db.seal(PersonMerge, merge.id, facts)
    db.session.flush()


def moved_by(db: Db, merge: PersonMerge) -> MergeFacts:
    """What a merge moved."""
    return db.open(MergeFacts, PersonMerge, merge.id, merge.sealed)


def _written(person: Person) -> str:
    """Which writing of a person this is: no two are alike, because each is sealed anew."""
    return sha256(person.sealed).hexdigest()


def _gain_aliases(db: Db, kept: Person, other: PersonFacts) -> tuple[str, ...]:
    """Give ``kept`` the other's addresses as aliases; which ones it did not have."""
    facts = db.open(PersonFacts, Person, kept.id, kept.sealed)
    had = {address_key(address) for address in (facts.email, *facts.aliases)}
    gained = tuple(address for address in (other.email, *other.aliases) if address and address_key(address) not in had)
    kept.sealed = db.seal(Person, kept.id, msgspec.structs.replace(facts, aliases=facts.aliases + gained))
    return gained


def _move(db: Db, source: UUID, target: UUID, own: MergeFacts) -> MergeFacts:
    """Give ``target`` what ``source`` has; ``own`` with what that was."""
    primary = db.value(sa.select(_e.email_index).where(_e.person_id == source, _e.is_primary))
    emails = _returned(
        db,
        sa.update(PersonEmail).where(_e.person_id == source).values(person_id=target, is_primary=False),
        _e.email_index,
    )
    records = _returned(db, sa.update(PersonRecord).where(_r.person_id == source).values(person_id=target), _r.id)
    reports = _returned(
        db,
        sa.update(PEOPLE).where(_p.manager_id == source).values(manager_id=sa.case((_p.id != target, target))),
        _p.id,
    )
    return msgspec.structs.replace(
        own,
        records=tuple(map(str, records)),
        emails=tuple(index.hex() for index in emails),
        primary=primary.hex() if primary else "",
        reports=tuple(map(str, reports)),
    )


def _move_back(db: Db, kept: Person, merged: Person, moved: MergeFacts) -> None:
    emails = [bytes.fromhex(index) for index in moved.emails]
    primary = bytes.fromhex(moved.primary)
    db.run(
        sa.update(PersonEmail)
        .where(_e.person_id == kept.id, _e.email_index.in_(emails))
        .values(person_id=merged.id, is_primary=_e.email_index == primary)
    )
    records = [UUID(record_id) for record_id in moved.records]
    db.run(sa.update(PersonRecord).where(_r.person_id == kept.id, _r.id.in_(records)).values(person_id=merged.id))
    reports = [UUID(person_id) for person_id in moved.reports]
    still = sa.or_(_p.manager_id == kept.id, sa.and_(_p.id == kept.id, _p.manager_id.is_(None)))
    db.run(sa.update(PEOPLE).where(_p.id.in_(reports), still).values(manager_id=merged.id))
    _give_back_aliases(db, kept, moved)


def _give_back_aliases(db: Db, kept: Person, moved: MergeFacts) -> None:
    facts = db.open(PersonFacts, Person, kept.id, kept.sealed)
    aliases = tuple(alias for alias in facts.aliases if alias not in moved.aliases)
    email = facts.email
    if email in moved.aliases:  # a sync made it the primary one meanwhile
        email, aliases = (aliases[0], aliases[1:]) if aliases else ("", ())
    kept.sealed = db.seal(Person, kept.id, msgspec.structs.replace(facts, email=email, aliases=aliases))
    set_emails(db, kept.id, email, aliases)


def _take_back_addresses(db: Db, merged: Person) -> None:
    """Have the merged person's facts name only addresses that nobody has taken meanwhile, and bear those."""
    facts = db.open(PersonFacts, Person, merged.id, merged.sealed)
    named = [address for address in (facts.email, *facts.aliases) if address]
    bearers = resolve_by_emails(db, named)
    free = [address for address in named if bearers.get(email_index(db, address)) in {None, merged.id}]
    if free != named:
        email, *aliases = free or ("",)
        facts = msgspec.structs.replace(facts, email=email, aliases=tuple(aliases))
        merged.sealed = db.seal(Person, merged.id, facts)
    set_emails(db, merged.id, facts.email, facts.aliases)


def _returned(db: Db, statement: Any, column: Any) -> Sequence[Any]:
    return db.session.scalars(statement.returning(column)).all()


def _settle(db: Db, actor: Actor, people: Sequence[Person]) -> None:
    """Decide the status of these people anew and let their objects know what SQL has changed."""
    now = clock.now()
    for person in people:
        person.changed_at = now
    db.session.flush()
    recompute(db, actor, [person.id for person in people])
    link_users(db)
    for person in people:
        db.session.refresh(person)


def _record(db: Db, actor: Actor, event: Event, kept: Person, merged: Person) -> None:
    kept_name, merged_name = (
        db.open(PersonFacts, Person, person.id, person.sealed).display_name for person in (kept, merged)
    )
    detail = {"merged": merged_name, "merged_id": str(merged.id)}
    audit.record(db, actor, event, Subject("person", kept.id, kept_name), detail=detail)

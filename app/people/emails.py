"""Which person an e-mail address belongs to: one at most, by blind index, aliases included."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.database import Db
from app.core.errors import Conflict, FieldError
from app.people.models import PersonEmail

_emails = PersonEmail.__table__.c


def email_index(db: Db, address: str) -> bytes:
    """What an address is found by: the same for people, accounts and users, however it is spelt."""
    return db.keys.address_index(address)


def resolve_by_emails(db: Db, addresses: Iterable[str]) -> dict[bytes, UUID]:
    """Whose these addresses are, by blind index (``email_index``); one statement. Unknown ones are left out."""
    indexes = list({email_index(db, address) for address in addresses if address.strip()})
    if not indexes:
        return {}
    among = sa.any_(sa.cast(indexes, sa.ARRAY(sa.LargeBinary)))
    rows = db.rows(sa.select(_emails.email_index, _emails.person_id).where(_emails.email_index == among))
    return {row.email_index: row.person_id for row in rows}


def set_emails(db: Db, person_id: UUID, email: str, aliases: Sequence[str]) -> None:
    """Make these the person's addresses, ``email`` the primary one, and no others.

    Refuses (``Conflict``) an address that is somebody else's; of two at once the second is refused.
    """
    primary = email_index(db, email) if email else None
    wanted = {email_index(db, address) for address in (email, *aliases) if address}
    mine = set(db.session.scalars(sa.select(_emails.email_index).where(_emails.person_id == person_id)))
    for gone in mine - wanted:
        db.run(sa.delete(PersonEmail).where(_emails.email_index == gone, _emails.person_id == person_id))
    for new in sorted(wanted - mine):
        row = {"email_index": new, "person_id": person_id}
        if db.run(insert(PersonEmail).values(row).on_conflict_do_nothing()) == 0:
            message = "Another person has one of these e-mail addresses. Merge the two, or use another address."
            raise Conflict(message, fields=(FieldError("email", message),))
    db.run(
        sa.update(PersonEmail)
        .where(_emails.person_id == person_id, _emails.is_primary != (_emails.email_index == primary))
        .values(is_primary=_emails.email_index == primary)
    )

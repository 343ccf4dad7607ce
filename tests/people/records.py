"""Records of people as a sync would have left them."""

from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core import clock
from app.core.database import Db
from app.core.identifiers import new_id
from app.people.models import PersonRecord, RecordFacts

_numbers = count(1)
_PLAIN = ("type", "status", "start_date", "leaving_date", "seen_from", "seen_until")


def make_record(db: Db, person_id: UUID, connection_id: UUID, **said: Any) -> UUID:
    """What one source says of a person; ``said`` are facts and columns of the record."""
    record_id = new_id()
    plain: dict[str, Any] = {"type": "employee", "status": "active", "seen_from": clock.now()}
    plain |= {name: said.pop(name) for name in _PLAIN if name in said}
    facts = RecordFacts(**{"source_id": f"source-{next(_numbers)}", **said})
    db.run(
        sa.insert(PersonRecord).values(
            id=record_id,
            connection_id=connection_id,
            person_id=person_id,
            source_index=db.index(PersonRecord, "source", f"{connection_id}:{facts.source_id}"),
            content_mac=b"\0" * 32,
            sealed=db.seal(PersonRecord, record_id, facts),
            **plain,
        )
    )
    return record_id


def end_record(db: Db, record_id: UUID, at: datetime | None = None) -> None:
    """The source no longer holds the record."""
    db.run(sa.update(PersonRecord).where(PersonRecord.id == record_id).values(seen_until=at or clock.now()))

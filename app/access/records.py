"""An account as it is shown: one row with its app, person and owner, the sealed parts opened.

Everything a list shows is read in one statement; a hundred accounts open at most three hundred small blobs.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.access.models import NEVER, Account, AccountFacts
from app.apps.models import App
from app.apps.records import label_of
from app.core.audit import Subject
from app.core.database import Db
from app.people.models import Person

Responsible = aliased(Person)
_UNSHOWN = {"content_mac", "source_index", "username_index", "email_index"}


class AccountOut(msgspec.Struct, frozen=True):
    """An account. ``person_id`` is null where nobody is known; ``last_login_at`` where no login is.

    ``seen_from`` is when a sync first saw it, ``seen_until`` when a complete sync no longer did; null while it is there.
    """

    id: UUID
    app_id: UUID
    app: str
    connection_id: UUID
    username: str
    email: str
    display_name: str
    person_id: UUID | None
    person: str
    person_status: str | None
    linked_by: str
    kind: str
    owner_id: UUID | None
    owner: str
    status: str
    last_login_at: datetime | None
    created_in_app_at: datetime | None
    seen_from: datetime
    seen_until: datetime | None

    @property
    def label(self) -> str:
        """What the account is called: the name it signs in with, or the nearest thing to it."""
        return self.username or self.email or self.display_name or str(self.id)

    @property
    def subject(self) -> Subject:
        """The account as the subject of an event."""
        return Subject("account", self.id, f"{self.label} in {self.app}")


def select_accounts() -> sa.Select[Any]:
    """The columns that ``opened`` needs; add conditions on ``Account``, ``App`` or ``Person``."""
    return (
        sa.select(
            *(column for column in Account.__table__.columns if column.name not in _UNSHOWN),
            App.name,
            App.instance_name,
            Person.status.label("person_status"),
            Person.sealed.label("person_sealed"),
            Responsible.sealed.label("owner_sealed"),
        )
        .join(App, App.id == Account.app_id)
        .outerjoin(Person, Person.id == Account.person_id)
        .outerjoin(Responsible, Responsible.id == Account.owner_id)
    )


class _Name(msgspec.Struct):
    """Of a person's facts the name alone: the rest is passed over, which costs nothing."""

    display_name: str = ""


def opened(db: Db, row: Any) -> AccountOut:
    """A row of ``select_accounts`` with its facts opened."""
    facts = db.open(AccountFacts, Account, row.id, row.sealed)
    return AccountOut(
        row.id, row.app_id, label_of(row.name, row.instance_name), row.connection_id, facts.username, facts.email,
        facts.display_name, row.person_id, _name(db, row.person_id, row.person_sealed), row.person_status, row.linked_by,
        row.kind, row.owner_id, _name(db, row.owner_id, row.owner_sealed), row.status,
        None if row.last_login_at == NEVER else row.last_login_at, row.created_in_app_at, row.seen_from, row.seen_until,
    )  # fmt: skip


def _name(db: Db, person_id: UUID | None, sealed: bytes | None) -> str:
    return "" if person_id is None or sealed is None else db.open(_Name, Person, person_id, sealed).display_name

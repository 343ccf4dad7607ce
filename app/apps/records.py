"""An app as it is shown: one row with its owner and cost centre, the sealed parts opened.

The owner's name is read in the same statement, so that a list of a hundred apps is one statement.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.apps.models import App, AppFacts
from app.core.database import Db
from app.people.models import Facet, FacetFacts, Person, PersonFacts


class Owner(msgspec.Struct, frozen=True):
    """A person as the owner of something: who, and the name that the trail keeps."""

    id: UUID
    name: str


class AppOut(msgspec.Struct, frozen=True):
    """An app. ``owner_email`` is an owner who is not a person known here; "" is not known."""

    id: UUID
    name: str
    instance_name: str
    status: str
    vendor: str
    category: str
    url: str
    owner_id: UUID | None
    owner: str
    owner_email: str
    cost_centre: str
    notes: str
    source: str
    created_at: datetime
    changed_at: datetime

    @property
    def label(self) -> str:
        """Name and instance, as lists and the trail show it."""
        return label_of(self.name, self.instance_name)


def label_of(name: str, instance_name: str) -> str:
    """The name of an app, told from its other instances: "Jira (Engineering)"."""
    return f"{name} ({instance_name})" if instance_name else name


def select_apps() -> sa.Select[Any]:
    """The columns that ``opened`` needs; add conditions on ``App``."""
    return (
        sa.select(
            *(column for column in App.__table__.columns if column.name != "merged_into_id"),
            Person.sealed.label("owner_sealed"),
            Facet.sealed.label("cost_centre_sealed"),
        )
        .outerjoin(Person, Person.id == App.owner_id)
        .outerjoin(Facet, Facet.id == App.cost_centre_id)
    )


def opened(db: Db, row: sa.Row[Any]) -> AppOut:
    """A row of ``select_apps`` with its facts opened."""
    facts = db.open(AppFacts, App, row.id, row.sealed)
    owner = db.open(PersonFacts, Person, row.owner_id, row.owner_sealed).display_name if row.owner_sealed else ""
    centre = db.open(FacetFacts, Facet, row.cost_centre_id, row.cost_centre_sealed) if row.cost_centre_sealed else None
    return AppOut(
        id=row.id, name=row.name, instance_name=row.instance_name, status=row.status, vendor=row.vendor,
        category=row.category, url=row.url, owner_id=row.owner_id, owner=owner, owner_email=facts.owner_email,
        cost_centre=centre.name if centre else "", notes=facts.notes, source=row.source,
        created_at=row.created_at, changed_at=row.changed_at,
    )  # fmt: skip

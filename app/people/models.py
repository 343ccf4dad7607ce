"""People, the records that sources hold of them, and what they are grouped by."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import columns
from app.core.database import Base
from app.core.sealed import Facts

PersonType = Literal["employee", "contractor", "external", "service"]
PersonStatus = Literal["active", "left", "unknown"]
StatusFrom = Literal["lifecycle", "records", "hand"]
FacetKind = Literal["team", "location", "cost_centre", "job_title"]


class FacetFacts(Facts, frozen=True):
    """The sealed part of a facet."""

    name: str = ""


class Facet(Base):
    """What people are grouped and filtered by; a row of its own, so that SQL groups without opening anything."""

    __tablename__ = "facets"

    id: Mapped[UUID] = columns.row_id()
    kind: Mapped[str] = columns.plain(sa.String(20))
    name_index: Mapped[bytes] = columns.blind_index()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (sa.UniqueConstraint("kind", "name_index"),)


class PersonFacts(Facts, frozen=True):
    """The sealed part of a person; "" is not known."""

    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    aliases: tuple[str, ...] = ()
    employee_id: str = ""
    phone: str = ""


class Person(Base):
    """Someone or something with access.

    A row whose ``merged_into_id`` is set is a tombstone kept for unmerging. ``status_from`` says who decided ``status``: the
    lifecycle source, what the records of other sources say, or a hand. ``leaving_date`` is the last day. ``is_manual`` marks
    a person whose facts were typed here and are not overwritten by sources. What a person is grouped by is held by
    ``facets`` while it is written, not by foreign keys: four checks a row were a tenth of a large merge.
    """

    __tablename__ = "people"

    id: Mapped[UUID] = columns.row_id()
    type: Mapped[str] = columns.plain(sa.String(20), server_default="employee")
    status: Mapped[str] = columns.plain(sa.String(20), server_default="unknown")
    status_from: Mapped[str] = columns.plain(sa.String(10), server_default="records")
    team_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True, index=True)
    location_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True, index=True)
    cost_centre_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True, index=True)
    job_title_id: Mapped[UUID | None] = columns.plain(sa.Uuid, nullable=True)
    manager_id: Mapped[UUID | None] = columns.reference("people.id", nullable=True)
    start_date: Mapped[date | None] = columns.optional_day()
    leaving_date: Mapped[date | None] = columns.optional_day()
    is_manual: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())
    merged_into_id: Mapped[UUID | None] = columns.reference("people.id", nullable=True)
    created_at: Mapped[datetime] = columns.moment()
    changed_at: Mapped[datetime] = columns.moment(index=True)
    left_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


class PersonEmail(Base):
    """One address or alias of a person, by blind index; an address belongs to one person at most."""

    __tablename__ = "person_emails"

    email_index: Mapped[bytes] = columns.blind_index(primary_key=True)
    person_id: Mapped[UUID] = columns.reference("people.id", ondelete="CASCADE")
    is_primary: Mapped[bool] = columns.plain(sa.Boolean, server_default=sa.false())


class RecordFacts(Facts, frozen=True):
    """What one source says of a person, as it said it."""

    source_id: str = ""
    email: str = ""
    aliases: tuple[str, ...] = ()
    given_name: str = ""
    family_name: str = ""
    display_name: str = ""
    job_title: str = ""
    team: str = ""
    location: str = ""
    cost_centre: str = ""
    employee_id: str = ""
    phone: str = ""
    manager: str = ""


class PersonRecord(Base):
    """The record of a person in one source (a connection), shown side by side on their page.

    ``seen_until`` is set when a complete, sound sync no longer holds it. ``content_mac`` tells a changed record;
    ``manager_index`` is the manager's ``source_index`` or e-mail index, as the source names them.
    """

    __tablename__ = "person_records"

    id: Mapped[UUID] = columns.row_id()
    connection_id: Mapped[UUID] = columns.plain(sa.Uuid)
    source_index: Mapped[bytes] = columns.blind_index()
    person_id: Mapped[UUID] = columns.reference("people.id")
    type: Mapped[str] = columns.plain(sa.String(20))
    status: Mapped[str] = columns.plain(sa.String(20))
    start_date: Mapped[date | None] = columns.optional_day()
    leaving_date: Mapped[date | None] = columns.optional_day()
    manager_index: Mapped[bytes | None] = columns.blind_index(nullable=True)
    content_mac: Mapped[bytes] = columns.plain(sa.LargeBinary(32))
    seen_from: Mapped[datetime] = columns.moment()
    seen_until: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (sa.UniqueConstraint("connection_id", "source_index"),)


class MergeFacts(Facts, frozen=True):
    """What unmerging needs: what was moved, by id (e-mail addresses by their blind index in hex).

    ``accounts``, ``owned_accounts`` and ``owned_apps`` are moved and noted by rooms above. ``aliases`` are those that the kept
    person gained, ``reports`` the people whose manager was the merged one; the rest is what the kept person's own status was.
    """

    records: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    owned_accounts: tuple[str, ...] = ()
    owned_apps: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    primary: str = ""
    aliases: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    status: str = ""
    status_from: str = ""
    leaving_date: date | None = None
    left_at: datetime | None = None
    written: str = ""


class PersonMerge(Base):
    """A merge made by hand; undone once, or never."""

    __tablename__ = "person_merges"

    id: Mapped[UUID] = columns.row_id()
    kept_id: Mapped[UUID] = columns.reference("people.id")
    merged_id: Mapped[UUID] = columns.reference("people.id")
    merged_at: Mapped[datetime] = columns.moment()
    undone_at: Mapped[datetime | None] = columns.optional_moment()
    sealed: Mapped[bytes] = columns.sealed_facts()


class RosterChange(Base):
    """Which people changed in which transaction: written by triggers, read by the roster of each process, kept two days."""

    __tablename__ = "roster_changes"

    id: Mapped[int] = columns.plain(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    transaction: Mapped[int] = columns.plain(sa.BigInteger, index=True)
    person_id: Mapped[UUID] = columns.plain(sa.Uuid)
    noted_at: Mapped[datetime] = columns.moment(server_default=sa.func.now())

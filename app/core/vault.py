"""Third parties' secrets by reference: the row that needs one holds ``vault:<name>#<version>``, never the secret.

This is the sealed local store of an installation without Azure Key Vault. Every read is an event with reader and purpose.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.core import audit, clock, columns
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Base, Db
from app.core.errors import Unavailable
from app.core.identifiers import new_id
from app.core.sealed import DoesNotOpen, Facts


class SecretFacts(Facts, frozen=True):
    """The sealed secret itself."""

    value: str = ""

    def __repr__(self) -> str:
        return "SecretFacts(***)"


class StoredSecret(Base):
    """One version of a named secret."""

    __tablename__ = "secrets"

    id: Mapped[UUID] = columns.row_id()
    name: Mapped[str] = columns.plain(sa.String(200))
    version: Mapped[int] = columns.plain(sa.Integer)
    created_at: Mapped[datetime] = columns.moment()
    sealed: Mapped[bytes] = columns.sealed_facts()

    __table_args__ = (sa.UniqueConstraint("name", "version"),)


def store(db: Db, actor: Actor, name: str, value: str, *, label: str) -> str:
    """Store a new version of a secret and return its reference; older versions are deleted. The trail calls it ``label``."""
    version = (db.value(sa.select(sa.func.max(StoredSecret.version)).where(StoredSecret.name == name)) or 0) + 1
    secret_id = new_id()
    sealed = db.seal(StoredSecret, secret_id, SecretFacts(value=value), name, version)
    db.run(sa.delete(StoredSecret).where(StoredSecret.name == name))
    db.add(StoredSecret(id=secret_id, name=name, version=version, created_at=clock.now(), sealed=sealed))
    audit.record(db, actor, Event.SECRET_STORED, Subject("secret", secret_id, label), detail={"version": version})
    return f"vault:{name}#{version}"


def read(db: Db, actor: Actor, reference: str, *, label: str, purpose: str) -> str:
    """Read a secret for a purpose, as an event that calls it ``label``. Refuses (``Unavailable``) a wrong reference."""
    name, _, version = reference.removeprefix("vault:").rpartition("#")
    row = db.session.execute(
        sa.select(StoredSecret).where(StoredSecret.name == name, StoredSecret.version == int(version or 0))
    ).scalar_one_or_none()
    if row is None:
        raise Unavailable("The stored credential is gone. Enter it again on the connection's page.")
    audit.record(db, actor, Event.SECRET_READ, Subject("secret", row.id, label), detail={"purpose": purpose})
    return db.open(SecretFacts, StoredSecret, row.id, row.sealed, name, row.version).value


def opens(db: Db) -> bool:
    """Whether the newest secret opens, or there is none: nobody is shown it, so this is no event."""
    row = db.row(sa.select(StoredSecret.__table__).order_by(StoredSecret.created_at.desc()).limit(1))
    try:
        return row is None or bool(db.open(SecretFacts, StoredSecret, row.id, row.sealed, row.name, row.version))
    except DoesNotOpen:
        return False


def forget(db: Db, name: str) -> None:
    """Delete every version of a secret."""
    db.run(sa.delete(StoredSecret).where(StoredSecret.name == name))

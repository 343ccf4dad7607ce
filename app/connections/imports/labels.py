"""What rows of the tables that imports write are called, for a person who is told about them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account, AccountFacts, AccountState, Entitlement, EntitlementFacts, Grant
from app.apps.models import App
from app.apps.records import label_of
from app.core.database import Base, Db
from app.people.models import Facet, FacetFacts, Person, PersonEmail, PersonFacts, PersonRecord


def label_rows(db: Db, rows: Iterable[tuple[type[Base], str]]) -> Iterator[str]:
    """Each row once, in words; ``rows`` are tables with the keys that ``import_changes`` has."""
    seen = set()
    for table, key in rows:
        label = _label(db, table, key)
        if label not in seen:
            seen.add(label)
            yield label


def _label(db: Db, table: type[Base], key: str) -> str:
    if table is PersonEmail:
        person_id = db.value(sa.select(PersonEmail.person_id).where(PersonEmail.email_index == bytes.fromhex(key)))
        return _person(db, person_id) if person_id else "an e-mail address"
    return _WORDS[table](db, UUID(key.partition(" ")[0]))


def _record(db: Db, record_id: UUID) -> str:
    person_id = db.value(sa.select(PersonRecord.person_id).where(PersonRecord.id == record_id))
    return _person(db, person_id) if person_id else "a record of a person"


def _person(db: Db, person_id: UUID) -> str:
    found = db.find(Person, person_id)
    return f"{db.open(PersonFacts, Person, found.id, found.sealed).display_name} (person)" if found else "a person"


def _account(db: Db, account_id: UUID) -> str:
    found = db.find(Account, account_id)
    if found is None:
        return "an account"
    facts = db.open(AccountFacts, Account, found.id, found.sealed)
    return f"{facts.username or facts.email or facts.display_name} (account)"


def _app(db: Db, app_id: UUID) -> str:
    found = db.find(App, app_id)
    return f"{label_of(found.name, found.instance_name)} (app)" if found else "an app"


def _facet(db: Db, facet_id: UUID) -> str:
    found = db.find(Facet, facet_id)
    if found is None:
        return "a team, location, cost centre or job title"
    return f"{db.open(FacetFacts, Facet, found.id, found.sealed).name} ({found.kind.replace('_', ' ')})"


def _entitlement(db: Db, entitlement_id: UUID) -> str:
    found = db.find(Entitlement, entitlement_id)
    if found is None:
        return "something that accounts hold"
    return f"{db.open(EntitlementFacts, Entitlement, found.id, found.sealed).name} ({found.kind})"


_WORDS: Mapping[type[Base], Callable[[Db, UUID], str]] = {
    Account: _account,
    AccountState: _account,
    Grant: _account,
    Person: _person,
    PersonRecord: _record,
    App: _app,
    Facet: _facet,
    Entitlement: _entitlement,
}

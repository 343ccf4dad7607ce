"""Store one page of what a connection reads, ready to be merged: indexed, compared with what is stored, sealed if new.

The work of sealing and indexing is done page by page, while the other system is slow anyway; the merge at the end moves
bytes. Only the content's keyed MAC is compared, so an unchanged record costs a row of 100 bytes and is never sealed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.access.models import Account, AccountFacts, Entitlement, EntitlementFacts
from app.apps.models import App
from app.connections.models import StagedRecord
from app.core import bulk
from app.core.database import Base, Db
from app.core.identifiers import new_id
from app.core.sealed import INDEX_BYTES
from app.people.emails import email_index
from app.people.models import PersonRecord, RecordFacts
from connectors.sdk import records as sdk

STAGED = StagedRecord.__table__
TABLES: Final[Mapping[str, type[Base]]] = {
    "person": PersonRecord,
    "account": Account,
    "entitlement": Entitlement,
    "app": App,
}
_COLUMNS = tuple(STAGED.c)
_NAMES = tuple(column.name for column in _COLUMNS)
_encode = msgspec.msgpack.Encoder().encode
_MEANING: Final = b"1"  # counts up when the same content is stored differently, so that everything is merged anew


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the records of one run are staged."""

    db: Db
    connection_id: UUID
    sync_id: UUID

    def index(self, table: type[Base], source_id: str) -> bytes:
        """What a record of this connection is found by. Ids are kept to the letter, case included."""
        key = f"{self.connection_id}:{source_id}"
        exact = source_id.strip().casefold() == source_id
        return self.db.index(table, "source", key if exact else f"{key}\0{source_id.encode().hex()}")


def stage(desk: Desk, records: Iterable[sdk.Record], problems: Iterable[sdk.Problem] = ()) -> int:
    """Stage a page; how many of its records were there before, in it or before it: the first one counts.

    The caller holds the fence (``fencing.hold``) and stores the next cursor in the same transaction.
    """
    given: dict[sdk.Kind, dict[bytes, sdk.Record]] = defaultdict(dict)
    repeats = 0
    for record in records:
        kind = sdk.kind_of(record)
        index = _index_of(desk, record)
        if index in given[kind]:
            repeats += 1
        else:
            given[kind][index] = record
    rows: list[tuple[Any, ...]] = []
    for kind, by_index in given.items():
        repeats += _drop_staged(desk, kind, by_index)
        rows += _rows(desk, kind, by_index)
    rows += _unread(desk, problems, given)
    bulk.copy(desk.db, _COLUMNS, rows)
    return repeats


def _index_of(desk: Desk, record: sdk.Record) -> bytes:
    if isinstance(record, sdk.Grant):
        return blake2b(b"".join(_ends(desk, record)), digest_size=INDEX_BYTES).digest()
    return desk.index(TABLES[sdk.kind_of(record)], record.source_id)


def _ends(desk: Desk, grant: sdk.Grant) -> tuple[bytes, bytes]:
    return desk.index(Account, grant.account), desk.index(Entitlement, grant.entitlement)


def _drop_staged(desk: Desk, kind: str, by_index: dict[bytes, sdk.Record]) -> int:
    """Forget those that are staged already; how many they were."""
    for index in (staged := _staged(desk, kind, by_index)):
        del by_index[index]
    return len(staged)


def _staged(desk: Desk, kind: str, indexes: Iterable[bytes]) -> set[bytes]:
    here = (STAGED.c.sync_id == desk.sync_id, STAGED.c.kind == kind, STAGED.c.source_index == _any(indexes))
    return set(desk.db.session.scalars(sa.select(STAGED.c.source_index).where(*here)))


def _any(indexes: Iterable[bytes]) -> Any:
    return sa.any_(sa.cast(list(indexes), sa.ARRAY(sa.LargeBinary)))


def _rows(desk: Desk, kind: str, by_index: Mapping[bytes, sdk.Record]) -> Iterable[tuple[Any, ...]]:
    if kind == "grant":
        for index, record in by_index.items():
            assert isinstance(record, sdk.Grant)
            account, entitlement = _ends(desk, record)
            yield _row(desk, kind, index, {"account_index": account, "entitlement_index": entitlement})
        return
    stored = _stored(desk, kind, by_index)
    for index, record in by_index.items():
        mac = desk.db.keys.mac(f"{kind} content", _MEANING, desk.connection_id.bytes, _encode(record))
        row_id, known_mac = stored.get(index, (None, None))
        values: dict[str, Any] = {"row_id": row_id or new_id(), "content_mac": mac}
        if mac != known_mac:
            values |= _WRITERS[kind](desk, record, values["row_id"])
        yield _row(desk, kind, index, values)


def _stored(desk: Desk, kind: str, indexes: Iterable[bytes]) -> dict[bytes, tuple[UUID, bytes]]:
    """Id and MAC of the records that are stored; the register of apps keeps none."""
    if kind == "app":
        return {}
    table = TABLES[kind].__table__.c
    ours = (table.connection_id == desk.connection_id, table.source_index == _any(indexes))
    rows = desk.db.rows(sa.select(table.source_index, table.id, table.content_mac).where(*ours))
    return {row.source_index: (row.id, row.content_mac) for row in rows}


def _row(desk: Desk, kind: str, index: bytes, values: Mapping[str, Any]) -> tuple[Any, ...]:
    row = {"sync_id": desk.sync_id, "kind": kind, "source_index": index, **values}
    return tuple(map(row.get, _NAMES))


def _person(desk: Desk, record: Any, row_id: UUID) -> dict[str, Any]:
    facts = RecordFacts(
        source_id=record.source_id, email=record.email, aliases=record.aliases, given_name=record.given_name,
        family_name=record.family_name, display_name=record.display_name, job_title=record.job_title, team=record.team,
        location=record.location, cost_centre=record.cost_centre, employee_id=record.employee_id, phone=record.phone,
        manager=record.manager,
    )  # fmt: skip
    manager = None
    if record.manager:
        by_email = sdk.is_email(record.manager)
        manager = email_index(desk.db, record.manager) if by_email else desk.index(PersonRecord, record.manager)
    return {
        "sealed": desk.db.seal(PersonRecord, row_id, facts),
        "type": record.person_type,
        "status": record.status,
        "start_date": record.start_date,
        "leaving_date": record.leaving_date,
        "email_index": email_index(desk.db, record.email) if record.email else None,
        "manager_index": manager,
    }


def _account(desk: Desk, record: Any, row_id: UUID) -> dict[str, Any]:
    facts = AccountFacts(
        source_id=record.source_id, username=record.username, email=record.email, display_name=record.display_name
    )
    address = record.email or (record.username if sdk.is_email(record.username) else "")
    return {
        "sealed": desk.db.seal(Account, row_id, facts),
        "type": record.kind,
        "status": record.status,
        "email_index": email_index(desk.db, address) if address else None,
        "username_index": desk.db.index(Account, "username", record.username) if record.username else None,
        "last_login_at": record.last_login_at,
        "created_in_app_at": record.created_at,
    }


def _entitlement(desk: Desk, record: Any, row_id: UUID) -> dict[str, Any]:
    facts = EntitlementFacts(source_id=record.source_id, name=record.name)
    return {
        "sealed": desk.db.seal(Entitlement, row_id, facts),
        "type": record.kind,
        "is_privileged": record.is_privileged,
    }


def _app(desk: Desk, record: Any, row_id: UUID) -> dict[str, Any]:
    return {"sealed": desk.db.seal(StagedRecord, row_id, record)}


_WRITERS: Final[Mapping[str, Callable[[Desk, Any, UUID], dict[str, Any]]]] = {
    "person": _person,
    "account": _account,
    "entitlement": _entitlement,
    "app": _app,
}


def _unread(
    desk: Desk, problems: Iterable[sdk.Problem], given: Mapping[sdk.Kind, Mapping[bytes, sdk.Record]]
) -> Iterable[tuple[Any, ...]]:
    """A mark for each record that is there and could not be read: it must not count as gone.

    A user that is account and person at once is one problem, so both are marked.
    """
    marks: dict[sdk.Kind, set[bytes]] = defaultdict(set)
    for problem in problems:
        if problem.source_id:
            for kind in _kinds_of(problem.kind):
                marks[kind].add(desk.index(TABLES[kind], problem.source_id))
    for kind, indexes in marks.items():
        for index in indexes - given[kind].keys() - _staged(desk, kind, indexes):
            yield _row(desk, kind, index, {})


def _kinds_of(kind: sdk.Kind) -> Sequence[sdk.Kind]:
    return ("person", "account") if kind in {"person", "account"} else (kind,) if kind in TABLES else ()

"""What people are grouped by: finding or making the rows of teams, locations, cost centres and job titles by name.

A name is found by its blind index, whatever its case; the spelling that came first stays. Names never change, so a
process opens each once and keeps it. Whoever is about to refer to a facet locks it against being taken away meanwhile.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.database import Db
from app.core.identifiers import new_id
from app.people.models import Facet, FacetFacts, FacetKind

_facets = Facet.__table__.c


class FacetName(NamedTuple):
    """One facet with its name opened."""

    id: UUID
    kind: str
    name: str


class FacetNames:
    """The names of facets, opened once per process. Safe to share between threads: entries are only added."""

    def __init__(self) -> None:
        self._known: dict[int, FacetName] = {}  # by the id's number: hashing a UUID costs four times as much

    def name(self, db: Db, facet_id: UUID | None) -> str:
        """The name of one facet; "" for None and for what does not exist."""
        if facet_id is None:
            return ""
        found = self._known.get(facet_id.int)
        if found is None:
            self._open(db)
            found = self._known.get(facet_id.int)
        return found.name if found else ""

    def among(self, db: Db, facet_ids: Iterable[UUID | None]) -> list[FacetName]:
        """These facets by name; None is left out."""
        wanted = [facet_id for facet_id in facet_ids if facet_id is not None]
        if not {facet_id.int for facet_id in wanted} <= self._known.keys():
            self._open(db)
        found = (self._known[facet_id.int] for facet_id in wanted if facet_id.int in self._known)
        return sorted(found, key=lambda facet: facet.name.casefold())

    def _open(self, db: Db) -> None:
        for row in db.rows(sa.select(_facets.id, _facets.kind, _facets.sealed)):
            if row.id.int not in self._known:
                name = db.open(FacetFacts, Facet, row.id, row.sealed).name
                self._known[row.id.int] = FacetName(row.id, row.kind, name)


def facet_index(db: Db, kind: FacetKind, name: str) -> bytes:
    """What a facet is found by."""
    return db.index(Facet, kind, name)


def ensure_facets(db: Db, kind: FacetKind, names: Iterable[str]) -> dict[str, UUID]:
    """The ids of the facets with these names, made where missing; keyed by the name as given, blank ones left out.

    Names that differ only in case or outer space are one facet. They stay until this transaction ends, whoever undoes what
    made them. Two statements however many names there are.
    """
    wanted = {name: facet_index(db, kind, name) for name in names if name.strip()}
    if not wanted:
        return {}
    first = {index: name.strip() for name, index in reversed(wanted.items())}
    found = _ids(db, kind, list(first))
    missing = sorted(index for index in first if index not in found)
    if missing:
        rows = []
        for index in missing:
            facet_id = new_id()
            sealed = db.seal(Facet, facet_id, FacetFacts(name=first[index]))
            rows.append({"id": facet_id, "kind": kind, "name_index": index, "sealed": sealed})
        db.session.execute(insert(Facet).on_conflict_do_nothing(), rows)
        found = _ids(db, kind, list(first))
    return {name: found[index] for name, index in wanted.items()}


def ensure_facet(db: Db, kind: FacetKind, name: str) -> UUID | None:
    """The id of the facet with this name, made where missing; None for a blank name."""
    return next(iter(ensure_facets(db, kind, (name,)).values()), None)


def facet_name(db: Db, facet_id: UUID | None) -> str:
    """The name of one facet, opened anew; "" for None."""
    sealed = db.value(sa.select(_facets.sealed).where(_facets.id == facet_id)) if facet_id else None
    return db.open(FacetFacts, Facet, facet_id, sealed).name if facet_id and sealed else ""


def _ids(db: Db, kind: FacetKind, indexes: list[bytes]) -> dict[bytes, UUID]:
    among = sa.any_(sa.cast(indexes, sa.ARRAY(sa.LargeBinary)))
    found = sa.select(_facets.name_index, _facets.id).where(_facets.kind == kind, _facets.name_index == among)
    locked = found.order_by(_facets.id).with_for_update(read=True, key_share=True)
    return {row.name_index: row.id for row in db.rows(locked)}

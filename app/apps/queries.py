"""Reading apps: lists, one app, counts, choices; only what the actor may see.

Names are plain, so search, sort and paging are SQL's; the sealed facts of at most one page are opened.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.apps.models import HIDDEN, App, AppFacts, AppMerge, Said
from app.apps.records import AppOut, Owner, opened, select_apps
from app.apps.visibility import changeable, visible
from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import NotAllowed, NotFound
from app.core.listing import Order, Page, Sort, page_of
from app.people.models import Person, PersonFacts

SORTS: Mapping[str, Sort] = {
    "name": Sort(sa.func.lower(App.name + " " + App.instance_name)),
    "status": Sort(App.status),
    "changed": Sort(App.changed_at, datetime),
}
BY_NAME = "name"
VIEWS: Mapping[str, sa.ColumnElement[bool]] = {
    "all": App.status.not_in(HIDDEN),
    "triage": App.status == "new",
    "managed": App.status == "managed",
    "no-owner": App.owner_id.is_(None) & App.status.not_in(HIDDEN),
    "plan-to-close": App.status == "plan_to_close",
    "closed": App.status.in_(HIDDEN),
}
_BATCH = 500


@dataclass(frozen=True, slots=True)
class AppFilter:
    """Which apps; everything given must hold. ``q`` is part of a name, instance or vendor, in any case."""

    view: str = ""
    q: str = ""
    statuses: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    owner_id: UUID | None = None
    has_owner: bool | None = None
    ids: tuple[UUID, ...] | None = None


def list_apps(
    db: Db, actor: Actor, wanted: AppFilter, order: Order, *, further: Mapping[str, Sort] | None = None
) -> Page[AppOut]:
    """One page of apps; ``further`` are sorts by what rooms above know."""
    statement = select_apps().where(*conditions(actor, wanted))
    found = page_of(db, statement, {**SORTS, **(further or {})}, order, key=App.id)
    return found.map(lambda rows: [opened(db, row) for row in rows])


def each_app(
    db: Db, actor: Actor, wanted: AppFilter, sort: str, *, further: Mapping[str, Sort] | None = None
) -> Iterator[Sequence[AppOut]]:
    """All apps that match, in batches: memory stays flat."""
    cursor = None
    while True:
        page = list_apps(db, actor, wanted, Order(sort, cursor, _BATCH), further=further)
        yield page.rows
        cursor = page.next
        if cursor is None:
            return


def count_apps(db: Db, actor: Actor, wanted: AppFilter) -> int:
    """How many apps match."""
    return int(db.value(sa.select(sa.func.count()).select_from(App).where(*conditions(actor, wanted))))


def count_views(db: Db, actor: Actor) -> dict[str, int]:
    """How many apps each view holds."""
    counts = [sa.func.count().filter(condition).label(key) for key, condition in VIEWS.items()]
    row = db.row(sa.select(*counts).select_from(App).where(visible(actor)))
    assert row is not None
    return dict(row._mapping)  # noqa: SLF001 - the documented way to columns by name


def get_app(db: Db, actor: Actor, app_id: UUID) -> AppOut:
    """One app. Refuses (``NotFound``) what the actor may not see."""
    row = db.row(select_apps().where(App.id == app_id, visible(actor)))
    if row is None:
        raise NotFound("There is no such app.")
    return opened(db, row)


def said_of(db: Db, app_id: UUID) -> Mapping[str, Said]:
    """Who said each fact of an app last, by the name of the fact; what nobody was noted for is left out."""
    return db.open(AppFacts, App, app_id, db.value(sa.select(App.sealed).where(App.id == app_id))).said


def reread(db: Db, app_id: UUID) -> AppOut:
    """An app that was just changed, even where it was given away and is no longer the actor's to see."""
    row = db.row(select_apps().where(App.id == app_id))
    assert row is not None
    return opened(db, row)


def is_visible(db: Db, actor: Actor, app_id: UUID) -> bool:
    """Whether the actor may see this app."""
    return db.value(sa.select(sa.literal(1)).where(App.id == app_id, visible(actor))) is not None


def get_to_change(db: Db, actor: Actor, app_id: UUID) -> App:
    """One app, locked, to be changed. Refuses (``NotFound``) the unseen, (``NotAllowed``) another's."""
    return get_all_to_change(db, actor, (app_id,))[0]


def get_all_to_change(db: Db, actor: Actor, ids: Collection[UUID]) -> list[App]:
    """Apps locked in the order of their ids, all or none. Refuses like ``get_to_change``."""
    statement = sa.select(App, changeable(actor).label("may")).where(App.id.in_(ids), visible(actor))
    rows = db.rows(statement.order_by(App.id).with_for_update(of=App))
    if len(rows) < len(set(ids)):
        raise NotFound("There is no such app." if len(ids) == 1 else "Some of these apps are not there any more.")
    if not all(row.may for row in rows):
        raise NotAllowed("You can change only the apps that you own.")
    return [row.App for row in rows]


def may_change(db: Db, actor: Actor, app_id: UUID) -> bool:
    """Whether the actor's rows let it change this app, given that it may change apps at all."""
    return db.value(sa.select(sa.literal(1)).where(App.id == app_id, changeable(actor))) is not None


def ids_of(db: Db, actor: Actor, wanted: AppFilter) -> list[UUID]:
    """The ids of all apps that match."""
    return list(db.session.scalars(sa.select(App.id).where(*conditions(actor, wanted))))


def list_instances(db: Db, actor: Actor, app: AppOut) -> list[AppOut]:
    """The other apps of the same name: further instances of one product."""
    same = sa.func.lower(App.name) == sa.func.lower(app.name)
    statement = select_apps().where(same, App.id != app.id, visible(actor)).order_by(sa.func.lower(App.instance_name))
    return [opened(db, row) for row in db.rows(statement)]


def list_categories(db: Db, actor: Actor) -> list[str]:
    """The categories in use."""
    statement = sa.select(App.category).where(App.category != "", visible(actor)).distinct()
    return list(db.session.scalars(statement.order_by(App.category)))


def list_sources(db: Db, actor: Actor) -> list[str]:
    """Where apps came from."""
    return list(db.session.scalars(sa.select(App.source).where(visible(actor)).distinct().order_by(App.source)))


def list_mergeable(db: Db, actor: Actor, app: AppOut, q: str, limit: int = 50) -> list[AppOut]:
    """Apps that could be merged into ``app``: those the actor may change, by part of a name."""
    conditions_ = [*conditions(actor, AppFilter(q=q)), changeable(actor), App.id != app.id]
    statement = select_apps().where(*conditions_).order_by(SORTS[BY_NAME].expression).limit(limit)
    return [opened(db, row) for row in db.rows(statement)]


def list_merges(db: Db, app_id: UUID) -> list[sa.Row[Any]]:
    """The merges into an app that can be undone, newest first: id, merged_at, name, instance_name."""
    statement = (
        sa.select(AppMerge.id, AppMerge.merged_at, App.name, App.instance_name)
        .join(App, App.id == AppMerge.merged_id)
        .where(AppMerge.kept_id == app_id, AppMerge.undone_at.is_(None))
        .order_by(AppMerge.merged_at.desc())
    )
    return list(db.rows(statement))


def surviving_id(db: Db, app_id: UUID) -> UUID:
    """The app that stands for this one today: itself, or what it was merged into, and so on."""
    while (merged_into := db.value(sa.select(App.merged_into_id).where(App.id == app_id))) is not None:
        app_id = merged_into
    return app_id


def search_apps(db: Db, actor: Actor, q: str, limit: int) -> list[AppOut]:
    """The apps whose name contains ``q``, those that begin with it first."""
    begins = App.name.istartswith(q, autoescape=True)
    statement = select_apps().where(*conditions(actor, AppFilter(q=q)))
    ordered = statement.order_by(begins.desc(), SORTS[BY_NAME].expression, App.id).limit(limit)
    return [opened(db, row) for row in db.rows(ordered)]


def conditions(actor: Actor, wanted: AppFilter) -> list[sa.ColumnElement[bool]]:
    """What the filter and the actor's rows ask of an app."""
    found = [visible(actor)]
    if wanted.view in VIEWS:
        found.append(VIEWS[wanted.view])
    if wanted.q:
        columns = (App.name, App.instance_name, App.vendor)
        found.append(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in columns)))
    choices = ((App.status, wanted.statuses), (App.category, wanted.categories), (App.source, wanted.sources))
    found += [column.in_(values) for column, values in choices if values]
    if wanted.owner_id is not None:
        found.append(App.owner_id == wanted.owner_id)
    if wanted.has_owner is not None:
        found.append(App.owner_id.is_not(None) if wanted.has_owner else App.owner_id.is_(None))
    if wanted.ids is not None:
        found.append(App.id.in_(wanted.ids))
    return found


def owner_of(db: Db, person_id: UUID | None) -> Owner | None:
    """A person as an owner, by id; None for none."""
    person = db.find(Person, person_id) if person_id else None
    return Owner(person.id, db.open(PersonFacts, Person, person.id, person.sealed).display_name) if person else None

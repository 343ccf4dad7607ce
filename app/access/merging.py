"""Two people, or two apps, that are one: what they hold follows, and goes back when the merge is undone.

The rooms below merge what is theirs and record the event; this one moves accounts and entitlements, and hands over what
it moved, so that undoing restores exactly. What a sync brought meanwhile goes where its address or connection says.
"""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account, Entitlement
from app.access.moving import move_accounts, move_responsibility, move_to_app
from app.access.snapshot import match_people
from app.apps import actions as apps
from app.apps.models import App, AppMerge, AppMergeFacts
from app.apps.moving import move_ownership
from app.core.actor import Actor
from app.core.database import Db
from app.people import actions as people
from app.people.models import Person, PersonMerge


def merge_people(db: Db, actor: Actor, kept: Person, merged: Person) -> PersonMerge:
    """Make two people one, with all accounts, and all that either answers for. Refuses like ``people.merge_people``."""
    merge = people.merge_people(db, actor, kept, merged)
    people.remember_moved(
        db,
        merge,
        accounts=move_accounts(db, None, source=merged.id, target=kept.id),
        owned_accounts=move_responsibility(db, None, source=merged.id, target=kept.id),
        owned_apps=move_ownership(db, None, source=merged.id, target=kept.id),
    )
    return merge


def unmerge_people(db: Db, actor: Actor, merge: PersonMerge) -> None:
    """Make them two again, each with what was theirs. Refuses like ``people.unmerge_people``."""
    moved = people.unmerge_people(db, actor, merge)
    move_accounts(db, _ids(moved.accounts), source=merge.kept_id, target=merge.merged_id)
    move_responsibility(db, _ids(moved.owned_accounts), source=merge.kept_id, target=merge.merged_id)
    move_ownership(db, _ids(moved.owned_apps), source=merge.kept_id, target=merge.merged_id)
    match_people(db)


def merge_apps(db: Db, actor: Actor, kept: App, merged: App) -> AppMerge:
    """Make ``merged`` a part of ``kept``, with its accounts and entitlements. Refuses like ``apps.merge_apps``."""
    connections = _connections(db, merged.id) - _connections(db, kept.id)
    accounts = move_to_app(db, Account, None, source=merged.id, target=kept.id)
    entitlements = move_to_app(db, Entitlement, None, source=merged.id, target=kept.id)
    moved = AppMergeFacts(
        accounts=tuple(map(str, accounts)),
        entitlements=tuple(map(str, entitlements)),
        connections=tuple(map(str, connections)),
    )
    return apps.merge_apps(db, actor, kept, merged, moved=moved)


def unmerge_apps(db: Db, actor: Actor, merge: AppMerge) -> None:
    """Make them two again, each with what was its own. Refuses like ``apps.unmerge_apps``."""
    moved = apps.unmerge_apps(db, actor, merge)
    for table, ids in ((Account, moved.accounts), (Entitlement, moved.entitlements)):
        since = sa.select(table.id).where(
            table.app_id == merge.kept_id, table.connection_id.in_(_ids(moved.connections))
        )
        among = {*_ids(ids), *db.session.scalars(since)}
        move_to_app(db, table, among, source=merge.kept_id, target=merge.merged_id)


def _connections(db: Db, app_id: UUID) -> set[UUID]:
    """The connections that feed an app."""
    return {
        connection_id
        for table in (Account, Entitlement)
        for connection_id in db.session.scalars(sa.select(table.connection_id).where(table.app_id == app_id).distinct())
    }


def _ids(texts: Iterable[str]) -> list[UUID]:
    return [UUID(text) for text in texts]

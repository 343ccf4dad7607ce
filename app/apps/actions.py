"""Everything that can happen to an app. Each act records one event for each app it changes.

What hangs on an app (accounts, entitlements) belongs to rooms above: they move it and hand over what they moved, so that
a merge can be undone exactly.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.apps.models import App, AppFacts, AppMerge, AppMergeFacts, Said
from app.apps.queries import owner_of
from app.apps.records import Owner, label_of
from app.core import audit, clock
from app.core.actor import Actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import Conflict, FieldError, NotAllowed
from app.core.identifiers import new_id
from app.core.permissions import Rows
from app.people.models import Facet, FacetFacts

_SEALED = ("notes", "owner_email")
_UNIQUE = "uq_apps_name_instance"


class AppChanges(TypedDict, total=False):
    """What may be said of an app; what is absent stays as it is. ``owner`` and ``cost_centre_id`` None clear it."""

    name: str
    instance_name: str
    status: str
    vendor: str
    category: str
    url: str
    owner: Owner | None
    owner_email: str
    cost_centre_id: UUID | None
    notes: str


def create_app(db: Db, actor: Actor, facts: AppChanges, *, source: str = "manual") -> App:
    """Add an app with at least a name. Someone who sees only their own apps becomes its owner.

    Refuses (``Conflict``) a name and instance that exist, (``NotAllowed``) an owner other than oneself for such an actor.
    """
    if actor.rows is not Rows.ALL:
        facts = {**facts, "owner": _self(db, actor, facts.get("owner"))}
    now = clock.now()
    app = App(id=new_id(), source=source, status="new", name="", instance_name="", vendor="", category="", url="")
    app.created_at = app.changed_at = now
    app.sealed = db.seal(App, app.id, AppFacts())
    with _unique_name(db, _label(app, facts)):
        changes = audit.changed({}, _apply(db, app, facts))
        _say(db, app, changes, Said(source=source, at=now))
        db.add(app)
    audit.record(db, actor, Event.APP_CREATED, subject_of(app), changes=changes)
    return app


def change_app(db: Db, actor: Actor, app: App, facts: AppChanges) -> None:
    """Set what ``facts`` names and leave the rest. Nothing happens when nothing differs.

    Refuses (``Conflict``) a name and instance that another app has.
    """
    before = _shown(db, app, facts)
    with _unique_name(db, _label(app, facts)):
        changes = audit.changed(before, _apply(db, app, facts))
        if changes:
            app.changed_at = clock.now()
            _say(db, app, changes, Said(source="api" if actor.kind == "api_key" else "manual", at=app.changed_at))
        db.session.flush()
    if changes:
        audit.record(db, actor, Event.APP_CHANGED, subject_of(app), changes=changes)


def set_status(db: Db, actor: Actor, apps: Sequence[App], *, status: str) -> int:
    """Give apps one status; how many it changed."""
    return sum(_change_one(db, actor, app, {"status": status}) for app in apps)


def assign_owner(db: Db, actor: Actor, apps: Sequence[App], *, owner: Owner | None) -> int:
    """Give apps one owner, or none; how many it changed."""
    return sum(_change_one(db, actor, app, {"owner": owner, "owner_email": ""}) for app in apps)


def merge_apps(db: Db, actor: Actor, kept: App, merged: App, *, moved: AppMergeFacts) -> AppMerge:
    """Make ``merged`` a part of ``kept``: a tombstone that keeps its facts. ``moved`` is what rooms above moved.

    Refuses (``Conflict``) an app with itself, or one that is merged already.
    """
    if kept.id == merged.id:
        raise Conflict("An app cannot be merged into itself.")
    if kept.merged_into_id is not None or merged.merged_into_id is not None:
        raise Conflict("One of these apps is merged into another already.")
    merge = AppMerge(id=new_id(), kept_id=kept.id, merged_id=merged.id, merged_at=clock.now())
    merge.sealed = db.seal(AppMerge, merge.id, moved)
    merged.merged_into_id = kept.id
    db.add(merge)
    _record_merge(db, actor, Event.APP_MERGED, kept, merged, moved)
    return merge


def unmerge_apps(db: Db, actor: Actor, merge: AppMerge) -> AppMergeFacts:
    """Undo a merge once; what the rooms above have to move back.

    Refuses (``Conflict``) a second time, while ``kept`` is itself merged, or when its old name is taken meanwhile.
    """
    kept, merged = db.find(App, merge.kept_id, lock=True), db.find(App, merge.merged_id, lock=True)
    assert kept is not None
    assert merged is not None
    if merge.undone_at is not None:
        raise Conflict("This merge has been undone.")
    if kept.merged_into_id is not None:
        raise Conflict(f"{label_of(kept.name, kept.instance_name)} was merged since. Undo that merge first.")
    with _unique_name(db, _label(merged, {})):
        merge.undone_at = clock.now()
        merged.merged_into_id = None
        db.session.flush()
    moved = db.open(AppMergeFacts, AppMerge, merge.id, merge.sealed)
    _record_merge(db, actor, Event.APP_UNMERGED, kept, merged, moved)
    return moved


def subject_of(app: App) -> Subject:
    """An app as the subject of an event."""
    return Subject("app", app.id, label_of(app.name, app.instance_name))


def _change_one(db: Db, actor: Actor, app: App, facts: AppChanges) -> bool:
    before = app.changed_at
    change_app(db, actor, app, facts)
    return app.changed_at != before


def _self(db: Db, actor: Actor, owner: Owner | None) -> Owner:
    if actor.person_id is None:
        raise NotAllowed("Your user is linked to no person, so there is no app that would be yours.")
    if owner is not None and owner.id != actor.person_id:
        raise NotAllowed("You can add only apps that you own yourself.")
    return owner or owner_of(db, actor.person_id) or Owner(actor.person_id, actor.label)


def _apply(db: Db, app: App, facts: AppChanges) -> dict[str, Any]:
    """Set the facts on the row; what the trail shows of them."""
    plain = {name: value for name, value in facts.items() if name not in {*_SEALED, "owner"}}
    for name, value in plain.items():
        setattr(app, name, value)
    if "owner" in facts:
        app.owner_id = facts["owner"].id if facts["owner"] else None
    old = db.open(AppFacts, App, app.id, app.sealed)
    new = msgspec.structs.replace(old, **{name: facts[name] for name in _SEALED if name in facts})  # type: ignore[literal-required]
    if new != old:
        app.sealed = db.seal(App, app.id, new)
    return _shown(db, app, facts)


def _say(db: Db, app: App, changes: Sequence[audit.Change], by: Said) -> None:
    """Note who said what is changed."""
    facts = db.open(AppFacts, App, app.id, app.sealed)
    names = {"owner" if change.field == "owner_email" else change.field for change in changes}
    app.sealed = db.seal(App, app.id, msgspec.structs.replace(facts, said=facts.said | dict.fromkeys(names, by)))


def _shown(db: Db, app: App, facts: Mapping[str, Any]) -> dict[str, str | None]:
    """What the trail shows of the named facts, as they are now."""
    sealed = db.open(AppFacts, App, app.id, app.sealed)
    shown: dict[str, str | None] = {}
    for name in facts:
        if name == "owner":
            owner = owner_of(db, app.owner_id)
            shown["owner"] = owner.name if owner else None
        elif name == "cost_centre_id":
            shown["cost_centre"] = _facet_name(db, app.cost_centre_id)
        else:
            shown[name] = getattr(sealed if name in _SEALED else app, name) or None
    return shown


def _facet_name(db: Db, facet_id: UUID | None) -> str | None:
    facet = db.find(Facet, facet_id) if facet_id else None
    return db.open(FacetFacts, Facet, facet.id, facet.sealed).name if facet else None


def _label(app: App, facts: AppChanges) -> str:
    return label_of(facts.get("name", app.name), facts.get("instance_name", app.instance_name))


@contextmanager
def _unique_name(db: Db, label: str) -> Iterator[None]:
    """Undo what happens inside, which has to write all it changes, where another app is called ``label``."""
    try:
        with db.savepoint():
            yield
    except sa.exc.IntegrityError as error:
        if _UNIQUE not in str(error.orig):
            raise
        message = f"There is another app called {label}. Give this one an instance name to tell them apart."
        raise Conflict(message, fields=(FieldError("name", message),)) from None


def _record_merge(db: Db, actor: Actor, event: Event, kept: App, merged: App, moved: AppMergeFacts) -> None:
    detail: dict[str, str | int | bool | None] = {
        "merged": label_of(merged.name, merged.instance_name),
        "merged_id": str(merged.id),
        "accounts": len(moved.accounts),
        "entitlements": len(moved.entitlements),
    }
    audit.record(db, actor, event, subject_of(kept), detail=detail)

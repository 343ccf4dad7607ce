"""Two apps that turn out to be one, and are told apart again: nothing is lost, nothing is doubled."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.access import merging
from app.access.models import Account, Entitlement
from app.apps.models import App, AppFacts, AppMerge
from app.apps.queries import surviving_id
from app.core.actor import job_actor
from app.core.database import Database, Db
from app.core.errors import Conflict
from app.core.identifiers import new_id
from tests.builders import grant, make_account, make_app, make_entitlement, make_person
from tests.inventory import events, stored

Asking = Callable[..., TestClient]
ACTOR = job_actor("tests")
ZOOM, TEAMS = new_id(), new_id()  # two connections


def _app(db: Db, app_id: UUID) -> App:
    app = db.find(App, app_id)
    assert app is not None
    return app


def _holdings(db: Db) -> dict[UUID, UUID]:
    """Which app each account and entitlement lies in."""
    return {
        row.id: row.app_id for table in (Account, Entitlement) for row in db.rows(sa.select(table.id, table.app_id))
    }


def _two_apps(db: Db) -> tuple[UUID, UUID]:
    kept = make_app(db, "Zoom")
    merged = make_app(db, "Zoom Inc", vendor="Zoom", facts=AppFacts(notes="the other one"))
    for app_id, connection in ((kept, ZOOM), (merged, TEAMS)):
        entitlement = make_entitlement(db, app_id, "Users", connection_id=connection)
        for _ in range(2):
            grant(db, make_account(db, app_id, connection_id=connection), entitlement)
    return kept, merged


def test_an_app_is_not_merged_into_itself_or_twice(database: Database) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
        third = make_app(db, "Third")
        merging.merge_apps(db, ACTOR, _app(db, kept), _app(db, merged))
    before = stored(database)
    for one, other in ((kept, kept), (third, merged), (merged, third)):
        with pytest.raises(Conflict), database.transaction() as db:
            merging.merge_apps(db, ACTOR, _app(db, one), _app(db, other))
    assert stored(database) == before


def test_unmerging_restores_both_apps_exactly(database: Database) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
    before = stored(database)
    with database.transaction() as db:
        merge = merging.merge_apps(db, ACTOR, _app(db, kept), _app(db, merged))
        assert set(_holdings(db).values()) == {kept}
        assert surviving_id(db, merged) == kept
    with database.transaction() as db:
        found = db.find(AppMerge, merge.id)
        assert found is not None
        merging.unmerge_apps(db, ACTOR, found)
    after = stored(database)
    for table in ("apps", "accounts", "entitlements", "grants", "account_states", "people"):
        assert after[table] == before[table], table
    with database.transaction() as db:
        assert [action for action, _ in events(db)] == ["app.merged", "app.unmerged"]
        assert events(db)[0][1].detail["accounts"] == 2


def test_what_a_connection_brought_since_the_merge_goes_where_its_connection_belongs(database: Database) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
        merge = merging.merge_apps(db, ACTOR, _app(db, kept), _app(db, merged))
        of_kept = make_account(db, kept, connection_id=ZOOM)
        of_merged = make_account(db, kept, connection_id=TEAMS)
        merging.unmerge_apps(db, ACTOR, merge)
        assert _holdings(db)[of_kept] == kept
        assert _holdings(db)[of_merged] == merged


def test_an_account_that_moved_on_since_is_left_where_it_is(database: Database) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
        account, elsewhere = make_account(db, merged), make_app(db, "Elsewhere")
        merge = merging.merge_apps(db, ACTOR, _app(db, kept), _app(db, merged))
        db.run(sa.update(Account).where(Account.id == account).values(app_id=elsewhere))
        merging.unmerge_apps(db, ACTOR, merge)
        assert _holdings(db)[account] == elsewhere


def test_a_merge_is_undone_once_and_not_under_a_later_one(database: Database) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
        top = make_app(db, "Top")
        first = merging.merge_apps(db, ACTOR, _app(db, kept), _app(db, merged)).id
        second = merging.merge_apps(db, ACTOR, _app(db, top), _app(db, kept)).id
        assert surviving_id(db, merged) == top

    def undo(merge_id: UUID) -> None:
        with database.transaction() as db:
            merge = db.find(AppMerge, merge_id)
            assert merge is not None
            merging.unmerge_apps(db, ACTOR, merge)

    with pytest.raises(Conflict, match="merged since"):
        undo(first)
    undo(second)
    undo(first)
    with pytest.raises(Conflict, match="has been undone"):
        undo(first)


def test_a_name_that_was_taken_meanwhile_stops_the_undoing(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
        merge = merging.merge_apps(db, ACTOR, _app(db, kept), _app(db, merged)).id
    client = asking()
    assert client.post("/api/v1/apps", json={"name": "zoom INC"}).status_code == 201
    before = stored(database)
    assert client.post(f"/apps/{kept}/merges/{merge}/undo").status_code == 409
    assert stored(database) == before


def test_merging_on_the_page_shows_what_will_happen_first_and_can_be_undone_there(
    asking: Asking, database: Database
) -> None:
    with database.transaction() as db:
        kept, merged = _two_apps(db)
    client, path = asking(), f"/apps/{kept}/merge"
    before = stored(database)
    assert "Zoom Inc" in client.get(f"{path}?find=inc").text
    assert "Merge Zoom Inc into Zoom" in client.get(f"{path}?other={merged}").text
    for other in (str(kept), str(uuid4()), "x", ""):
        assert client.post(path, data={"other_id": other}).status_code == 422
    assert stored(database) == before
    assert client.post(path, data={"other_id": str(merged)}).status_code == 303
    assert client.get(f"/apps/{merged}").headers["location"] == f"/apps/{kept}"
    page = client.get(path).text
    undo = page.split('action="')[1:]
    address = next(part.split('"')[0] for part in undo if "/undo" in part)
    assert client.post(address.replace(str(kept), str(merged))).status_code == 404
    assert client.post(address).status_code == 303
    assert client.get(f"/apps/{merged}").status_code == 200


def test_an_app_owner_merges_only_what_they_own(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        me = make_person(db)
        own, second, foreign = make_app(db, "A", owner_id=me), make_app(db, "B", owner_id=me), make_app(db, "C")
        used = make_app(db, "D")
        make_account(db, used, person_id=me)
    client = asking("app_owner", me)
    assert client.get(f"/apps/{foreign}/merge").status_code == 404
    assert client.get(f"/apps/{own}/merge?other={foreign}").status_code == 404
    assert client.post(f"/apps/{own}/merge", data={"other_id": str(foreign)}).status_code == 422
    assert client.post(f"/apps/{own}/merge", data={"other_id": str(used)}).status_code == 403
    assert client.post(f"/apps/{own}/merge", data={"other_id": str(second)}).status_code == 303

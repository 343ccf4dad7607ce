"""Whose accounts a role meets: in lists, counts, one account, tabs, search, palette, exports and over JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.access import counts
from app.core import clock
from app.core.database import Database
from tests.builders import make_account, make_app, make_person
from tests.inventory import actor_of, stored

Asking = Callable[..., TestClient]
SECRETS = ("Stranger", "stranger-name", "stranger@example.com", "ForeignApp")


@dataclass(frozen=True)
class Made:
    """Me with an account in a used app and an app that I own; a stranger in a foreign app and in both of mine."""

    me: UUID
    stranger: UUID
    colleague: UUID
    own: UUID
    used: UUID
    foreign: UUID
    mine: UUID
    of_colleague: UUID
    of_stranger: UUID


@pytest.fixture
def made(database: Database) -> Made:
    with database.transaction() as db:
        me, colleague = make_person(db, "Me", "me@example.com"), make_person(db, "Colleague", "colleague@example.com")
        stranger = make_person(db, "Stranger", "stranger@example.com", status="left")
        own, used, foreign = make_app(db, "OwnApp", owner_id=me), make_app(db, "UsedApp"), make_app(db, "ForeignApp")
        mine = make_account(db, used, person_id=me, username="my-name")
        of_colleague = make_account(db, own, person_id=colleague, username="colleague-name")
        make_account(db, used, person_id=stranger, username="stranger-name-in-used", email="stranger@example.com")
        of_stranger = make_account(
            db, foreign, person_id=stranger, username="stranger-name", email="stranger@example.com"
        )
        return Made(me, stranger, colleague, own, used, foreign, mine, of_colleague, of_stranger)


LISTS = (
    "/access/accounts", "/access/accounts?view=leavers", "/access/accounts?sort=app", "/access/accounts?q=stranger-name",
    "/access/accounts?q=stranger%40example.com", "/access/accounts?q=Stranger", "/access/accounts.csv",
    "/access/accounts.csv?view=leavers", "/api/v1/accounts", "/api/v1/accounts?q=stranger-name", "/api/v1/accounts?leaver=true",
    "/api/v1/accounts?sort=app&limit=1", "/palette?q=stranger-name", "/palette?q=stranger%40example.com", "/palette?q=Foreign",
    "/palette?q=Stranger",
)  # fmt: skip


@pytest.mark.parametrize("role", ["app_owner", "employee"])
def test_no_list_search_or_file_holds_a_foreign_row(asking: Asking, made: Made, role: str) -> None:
    client = asking(role, made.me)
    for path in LISTS:
        answer = client.get(path)
        assert answer.status_code == 200, path
        echoed = path.partition("q=")[2].replace("%40", "@")
        shown = answer.text.replace(echoed, "") if echoed else answer.text
        assert not any(secret in shown for secret in SECRETS), path
        assert str(made.of_stranger) not in answer.text, path


@pytest.mark.parametrize("role", ["app_owner", "employee"])
def test_a_foreign_id_is_unknown_everywhere(asking: Asking, made: Made, role: str) -> None:
    client = asking(role, made.me)
    for path in (
        f"/access/accounts/{made.of_stranger}", f"/access/accounts/{made.of_stranger}/preview",
        f"/api/v1/accounts/{made.of_stranger}", f"/api/v1/people/{made.stranger}/accounts",
        f"/api/v1/apps/{made.foreign}/accounts", f"/people/{made.stranger}/accounts", f"/apps/{made.foreign}/users",
        f"/apps/{made.foreign}/users.csv",
    ):  # fmt: skip
        assert client.get(path).status_code == 404, path


def test_an_employee_meets_their_own_account_and_the_app_around_it(asking: Asking, made: Made) -> None:
    client = asking("employee", made.me)
    assert [each["username"] for each in client.get("/api/v1/accounts").json()["items"]] == ["my-name"]
    for path in (f"/apps/{made.used}/users", f"/people/{made.me}/accounts", f"/access/accounts/{made.mine}"):
        page = client.get(path)
        assert page.status_code == 200
        assert "my-name" in page.text
        assert "tranger" not in page.text
    assert client.get(f"/api/v1/accounts/{made.of_colleague}").status_code == 404


def test_an_app_owner_meets_the_accounts_in_their_apps_and_the_people_behind_them(asking: Asking, made: Made) -> None:
    client = asking("app_owner", made.me)
    listed = {each["username"] for each in client.get("/api/v1/accounts").json()["items"]}
    assert listed == {"my-name", "colleague-name"}
    assert client.get(f"/people/{made.colleague}/accounts").status_code == 200
    assert "colleague-name" in client.get(f"/apps/{made.own}/users").text


def test_an_app_owner_changes_accounts_in_their_apps_only(asking: Asking, database: Database, made: Made) -> None:
    client = asking("app_owner", made.me)
    before = stored(database)
    me = {"person_id": str(made.me)}
    assert client.patch(f"/api/v1/accounts/{made.of_stranger}", json=me).status_code == 404
    assert client.patch(f"/api/v1/accounts/{made.mine}", json=me).status_code == 403
    assert (
        client.patch(f"/api/v1/accounts/{made.of_colleague}", json={"person_id": str(made.stranger)}).status_code == 422
    )
    for path in ("person", "unlink", "kind", "status"):
        assert client.post(f"/access/accounts/{made.of_stranger}/{path}", data=me).status_code == 404
        assert client.post(f"/access/accounts/{made.mine}/{path}", data=me).status_code == 403
    assert stored(database) == before
    assert client.patch(f"/api/v1/accounts/{made.of_colleague}", json=me).status_code == 200


def test_an_employee_changes_nothing(asking: Asking, database: Database, made: Made) -> None:
    client = asking("employee", made.me)
    before = stored(database)
    assert client.patch(f"/api/v1/accounts/{made.mine}", json={"person_id": None}).status_code == 403
    for path in ("person", "unlink", "kind", "status"):
        assert client.post(f"/access/accounts/{made.mine}/{path}", data={}).status_code == 403
    for path in (f"/people/{made.me}/merge", f"/apps/{made.used}/merge"):
        assert client.get(path).status_code == 403
        assert client.post(path, data={}).status_code == 403
    assert stored(database) == before


@pytest.mark.parametrize("role", ["app_owner", "employee"])
def test_a_user_without_a_person_meets_no_row(asking: Asking, made: Made, role: str) -> None:
    client = asking(role)
    assert client.get("/api/v1/accounts").json()["items"] == []
    assert client.get(f"/api/v1/accounts/{made.mine}").status_code == 404


def test_numbers_kept_for_all_rows_are_not_shown_to_a_limited_role(
    database: Database, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "KEPT_FROM", 1)
    monkeypatch.setattr(counts, "_kept", {})
    with database.transaction() as db:
        assert counts.count_views(db, actor_of("administrator"), ("all",))["all"] == 4
        make_account(db, made.own, person_id=made.colleague)
        assert counts.count_views(db, actor_of("administrator"), ("all",))["all"] == 4, "kept"
        assert counts.count_views(db, actor_of("app_owner", made.me), ("all",))["all"] == 3
        assert counts.count_views(db, actor_of("employee", made.me), ("all",))["all"] == 1


def test_small_numbers_are_never_kept(database: Database, made: Made) -> None:
    with database.transaction() as db:
        for expected in (4, 5, 6):
            assert counts.count_views(db, actor_of("auditor"), ("all", "gone"))["all"] == expected
            make_account(db, made.own, last_login_at=clock.now() - timedelta(days=1))

"""API keys: never stronger than their user, dead when they should be, shown once."""

import re
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.core import audit, tokens
from app.core.actor import Actor
from app.core.database import Database
from app.core.identifiers import new_id
from app.core.permissions import SESSION_ONLY, Permission, permissions_of, rows_of
from app.login import api_keys, refused_keys
from app.login.models import ApiKey, User
from tests.login.installation import Known, events, later, make_user, start_session, with_session


def actor_of(user: Known, *roles: str) -> Actor:
    return Actor(
        "user",
        user.email,
        id=user.id,
        user_id=user.id,
        roles=roles,
        permissions=permissions_of(roles),
        rows=rows_of(roles),
    )


def key_of(
    database: Database, user: Known, *roles: str, scopes: tuple[str, ...] = ("apps:read",), days: int = 90
) -> str:
    with database.transaction() as db:
        return api_keys.mint(db, actor_of(user, *(roles or ("owner",))), name="Reporting", scopes=scopes, days=days)


def program(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="https://stackwarden.example.com", follow_redirects=False)


def call(app: FastAPI, key: str, path: str = "/api/v1/apps") -> int:
    return int(program(app).get(path, headers={"authorization": f"Bearer {key}"}).status_code)


def test_a_key_works_on_the_api_alone(app: FastAPI, database: Database, owner: Known) -> None:
    key = key_of(database, owner)
    assert call(app, key) == 200
    assert call(app, key, "/settings/users") == 401
    assert call(app, key, "/") == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer swk_x_y_z", "Bearer " + "A" * 5000, "Bearer \xe9"]
)
def test_what_is_no_key_is_refused(app: FastAPI, owner: Known, header: str) -> None:
    answer = program(app).get("/api/v1/apps", headers={b"authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_with_another_secret_or_of_nobody_is_refused(app: FastAPI, database: Database, owner: Known) -> None:
    key = key_of(database, owner)
    other = tokens.make().text
    head, _, _ = key.rpartition("_")
    forged = f"{'_'.join(key.split('_')[:2])}_{other.split('_')[2]}"
    assert call(app, other) == 401
    assert call(app, f"{forged}_{tokens._checksum(forged)}") == 401
    assert call(app, head + "_000000") == 401


def test_a_key_beside_a_session_is_refused(app: FastAPI, database: Database, owner: Known) -> None:
    key = key_of(database, owner)
    with database.transaction() as db:
        browser = with_session(app, start_session(db, owner))
    assert browser.get("/api/v1/apps").status_code == 200
    assert browser.get("/api/v1/apps", headers={"authorization": f"Bearer {key}"}).status_code == 400
    twice = program(app).get(
        "/api/v1/apps", headers=[("authorization", f"Bearer {key}"), ("authorization", f"Bearer {key}")]
    )
    assert twice.status_code in {400, 401}


def test_a_key_does_what_its_scopes_and_its_users_present_rights_both_allow(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "it")
    assert call(app, key_of(database, clerk, "it", scopes=("people:read",))) == 403
    key = key_of(database, clerk, "it", scopes=("apps:read", "connections:read"))
    assert call(app, key) == 200
    with database.transaction() as db:
        boss = with_session(app, start_session(db, owner))
    assert boss.submit(f"/settings/users/{clerk.id}/profile", name="Clerk", roles="employee").status_code == 303
    me = program(app).get("/api/v1/me", headers={"authorization": f"Bearer {key}"}).json()
    assert me["scopes"] == ["apps:read"]
    assert me["kind"] == "api_key"


def test_a_revoked_an_ended_and_a_deactivated_users_key_are_refused(
    app: FastAPI, database: Database, owner: Known
) -> None:
    revoked, ended, orphan = (key_of(database, owner, days=days) for days in (90, 1, 90))
    with database.transaction() as db:
        boss = with_session(app, start_session(db, owner))
        clerk = make_user(db, "clerk@example.com", "it")
    orphan = key_of(database, clerk, "it")
    assert [call(app, key) for key in (revoked, ended, orphan)] == [200] * 3
    key_id = UUID(hex=revoked.split("_")[1])
    assert boss.post(f"/settings/api-keys/{key_id}/revocation").status_code == 303
    assert boss.post(f"/settings/users/{clerk.id}/deactivation").status_code == 303
    assert call(app, revoked) == 401
    assert call(app, orphan) == 401
    with later(days=1, seconds=1):
        assert call(app, ended) == 401
    assert boss.post(f"/settings/users/{clerk.id}/reactivation").status_code == 303
    assert call(app, orphan) == 401, "a revoked key stays revoked"


@pytest.mark.parametrize("column", ["scopes", "user_id", "expires_at", "digest", "roles"])
def test_a_key_altered_in_the_database_is_refused(app: FastAPI, database: Database, owner: Known, column: str) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "employee")
    key = key_of(database, clerk, "employee")
    other = tokens.make()
    changes = {
        "scopes": {"scopes": ["apps:read", "apps:write"]}, "user_id": {"user_id": owner.id},
        "expires_at": {"expires_at": sa.text("now() + interval '9 years'")}, "digest": {"digest": other.digest},
    }  # fmt: skip
    with database.transaction() as db:
        if column == "roles":
            db.run(sa.update(User).where(User.id == clerk.id).values(roles=["owner"]))
        else:
            db.run(sa.update(ApiKey).values(**changes[column]))
    if column == "digest":
        body = f"swk_{key.split('_')[1]}_{other.text.split('_')[2]}"
        key = f"{body}_{tokens._checksum(body)}"
    assert call(app, key) == 401


def test_a_key_is_never_given_what_its_maker_lacks_or_what_only_a_session_may(
    app: FastAPI, database: Database, owner: Known
) -> None:
    with database.transaction() as db:
        auditor = make_user(db, "security@example.com", "security")
        browser = with_session(app, start_session(db, auditor))
    for scopes in (["people:write"], ["api_keys:own"], ["users:write"], ["nonsense"], []):
        answer = browser.submit("/settings/api-keys", name="x", days="90", scopes=scopes)
        assert answer.status_code == 422, scopes
    for name, days in (("", "90"), ("x", "0"), ("x", "366"), ("x", "soon")):
        answer = browser.submit("/settings/api-keys", name=name, days=days, scopes=["apps:read"])
        assert answer.status_code == 422
        assert 'value="apps:read" checked' in answer.text
    assert set(api_keys.scopes_for(actor_of(owner, "owner"))) == set(Permission) - SESSION_ONLY
    assert events(database, "api_key.created") == []


def test_a_role_without_keys_cannot_make_or_see_any(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        browser = with_session(app, start_session(db, make_user(db, "auditor@example.com", "auditor")))
    assert browser.get("/settings/api-keys").status_code == 403
    assert browser.submit("/settings/api-keys", name="x", days="9", scopes="apps:read").status_code == 403


def test_nobody_revokes_the_key_of_somebody_else(app: FastAPI, database: Database, owner: Known) -> None:
    key = key_of(database, owner)
    with database.transaction() as db:
        browser = with_session(app, start_session(db, make_user(db, "it@example.com", "it")))
    assert browser.post(f"/settings/api-keys/{UUID(hex=key.split('_')[1])}/revocation").status_code == 404
    assert browser.post(f"/settings/api-keys/{uuid4()}/revocation").status_code == 404
    assert call(app, key) == 200


def test_a_key_is_shown_once_and_stands_nowhere_else(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        browser = with_session(app, start_session(db, owner))
    answer = browser.submit("/settings/api-keys", name="Reporting", days="90", scopes=["apps:read", "people:read"])
    key = re.search(r"swk_\w+", answer.text)[0]  # type: ignore[index]
    secret = key.split("_")[2]
    assert call(app, key) == 200
    listed = browser.get("/settings/api-keys").text
    assert "Reporting" in listed
    assert secret not in listed
    with database.transaction() as db:
        stored = repr(db.rows(sa.select(*ApiKey.__table__.columns)))
    assert secret not in stored
    assert "Reporting" not in stored
    ((_, facts),) = events(database, "api_key.created")
    assert secret not in repr(facts)
    assert facts.detail["scopes"] == "apps:read, people:read"


def test_last_use_is_written_at_most_once_a_minute(app: FastAPI, database: Database, owner: Known) -> None:
    key = key_of(database, owner)

    def used() -> object:
        with database.transaction() as db:
            return db.value(sa.select(ApiKey.last_used_at))

    assert used() is None
    call(app, key)
    first = used()
    assert first is not None
    with later(seconds=58):
        call(app, key)
        assert used() == first
    with later(seconds=61):
        call(app, key)
        assert used() != first


def test_a_key_is_named_after_its_user_whatever_its_own_name_is(app: FastAPI, database: Database, owner: Known) -> None:
    with database.transaction() as db:
        clerk = make_user(db, "clerk@example.com", "it")
        key = api_keys.mint(db, actor_of(clerk, "it"), name=owner.email, scopes=["apps:read"])
    assert program(app).get("/api/v1/apps", headers={"authorization": f"Bearer {key}"}).json() == {
        "who": f"clerk@example.com · key {owner.email}"
    }
    me = Actor("api_key", "clerk@example.com · key x", id=new_id(), user_id=clerk.id)
    with database.transaction() as db:
        audit.record(db, me, audit.Event.APP_CHANGED, audit.Subject("app"))
    ((_, facts),) = events(database, "app.changed")
    assert facts.detail == {"user": str(clerk.id)}


def test_every_refused_key_is_an_event_of_its_address_once_a_minute(
    app: FastAPI, database: Database, owner: Known
) -> None:
    revoked, altered, good = (key_of(database, owner) for _ in range(3))
    with database.transaction() as db:
        api_keys.revoke(db, actor_of(owner, "owner"), owner.id, UUID(hex=revoked.split("_")[1]))
        this = ApiKey.id == UUID(hex=altered.split("_")[1])
        db.run(sa.update(ApiKey).where(this).values(scopes=["people:read"]))
    wrong = f"{'_'.join(good.split('_')[:2])}_{tokens.make().text.split('_')[2]}"
    wrong = f"{wrong}_{tokens._checksum(wrong)}"
    for key in (revoked, altered, wrong, tokens.make().text, tokens.make().text, "swk_x", revoked, wrong):
        assert call(app, key) == 401
    found = events(database, "login.attempt")
    assert [facts.reason for _, facts in found] == [
        "The key is revoked", "The key was altered", "Wrong secret", "Not a key of this installation",
    ]  # fmt: skip
    assert {(row.outcome, row.method) for row, _ in found} == {("failure", "api_key")}
    assert found[0][1].username == owner.email
    assert not any(key.split("_")[2] in repr(facts) for _, facts in found for key in (revoked, altered, good))
    with later(seconds=61):
        assert call(app, tokens.make().text) == 401
    assert events(database, "login.attempt")[-1][1].detail == {"not_recorded_before": 2}


def test_a_flood_of_bad_keys_from_many_addresses_does_not_fill_the_trail(
    app: FastAPI, database: Database, owner: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_keys, "EVERYWHERE", 3)
    for number in range(9):
        stranger = TestClient(app, base_url="https://stackwarden.example.com", client=(f"198.51.100.{number}", 4000))
        answer = stranger.get("/api/v1/apps", headers={"authorization": f"Bearer {tokens.make().text}"})
        assert answer.status_code == 401
    assert len(events(database, "login.attempt")) == 3


def test_identifying_a_caller_is_one_query(
    app: FastAPI, database: Database, owner: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(database, owner)
    with database.transaction() as db:
        browser = with_session(app, start_session(db, owner))
    browser.get("/api/v1/apps")
    call(app, key)
    asked: list[object] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: psycopg.Cursor, query: object, *args: object, **options: object) -> psycopg.Cursor:
        asked.append(query)
        return execute(cursor, query, *args, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    assert browser.get("/api/v1/apps").status_code == 200
    assert len(asked) == 1
    assert call(app, key) == 200
    assert len(asked) == 2

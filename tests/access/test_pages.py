"""Pages of accounts: what is refused, what is shown of one account and of one person, what leaves as a file."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from app.access.panels import leavers_with_access
from app.core import clock
from app.core.database import Database
from app.web.sources import Source
from tests.builders import CONNECTION, grant, make_account, make_app, make_entitlement, make_person
from tests.inventory import BAD_TEXTS, SCRIPT, actor_of, last_event, stored

Asking = Callable[..., TestClient]
LONG_AGO = clock.now() - timedelta(days=400)


def _listed(html: str) -> list[str]:
    return re.findall(r'<th scope="row" class="pin">.*?<a href="/access/accounts/[^"]*">([^<]*)</a>', html)


def _views(html: str) -> dict[str, int]:
    pattern = r'id="listing-view-([a-z-]+)"[^>]*>[^<]*<span class="count">([\d,]+)</span>'
    return {key: int(count) for key, count in re.findall(pattern, html)}


@pytest.fixture
def account(database: Database) -> UUID:
    with database.transaction() as db:
        return make_account(db, make_app(db, "Figma"), username="ada", display_name="Ada Byron")


def test_what_is_wrong_with_a_form_is_said_and_nothing_is_written(
    asking: Asking, database: Database, account: UUID
) -> None:
    before, client, path = stored(database), asking(), f"/access/accounts/{account}"
    texts = [text for text in BAD_TEXTS if isinstance(text, str)]
    for text in [*texts, "", "me", str(uuid4()), ["a", "b"]]:
        assert client.post(f"{path}/person", data={"person_id": text}).status_code == 422, text
        assert client.post(f"{path}/kind", data={"kind": text}).status_code == 422, text
    for text in [*texts, "", "Nobody Known"]:
        assert client.post(f"{path}/kind", data={"kind": "service", "owner": text}).status_code == 422, text
    page = client.post(f"{path}/kind", data={"kind": "shared", "owner": "Nobody Known"})
    assert "Nobody here is known as Nobody Known" in page.text
    assert 'value="Nobody Known"' in page.text
    assert client.post(f"{path}/kind", data={"kind": "user", "owner": "", "linked_by": "x"}).status_code == 422
    assert stored(database) == before


def test_an_account_is_linked_marked_and_unlinked_on_its_page(
    asking: Asking, database: Database, account: UUID
) -> None:
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron", "ada@example.com")
    client, path = asking(), f"/access/accounts/{account}"
    assert f'value="{ada}"' in client.get(path).text, "the nearest names are offered"
    assert f'value="{ada}"' in client.get(f"{path}?find=ada%40").text
    assert "Nobody here is called that" in client.get(f"{path}?find=zzz").text
    assert client.post(f"{path}/person", data={"person_id": str(ada)}).status_code == 303
    assert "Linked by hand" in client.get(path).text
    assert client.post(f"{path}/unlink").status_code == 303
    assert client.post(f"{path}/kind", data={"kind": "service", "owner": "ada@example.com"}).status_code == 303
    page = client.get(path).text
    assert "Service account in Figma" in page
    assert client.post(f"{path}/person", data={"person_id": str(ada)}).status_code == 422
    assert client.post(f"{path}/kind", data={"kind": "user", "owner": "whoever"}).status_code == 303


def test_a_status_is_corrected_by_hand_only_where_no_source_tells_it(
    asking: Asking, database: Database, account: UUID, sources: list[Source]
) -> None:
    client, path = asking(), f"/access/accounts/{account}"
    assert client.post(f"{path}/status", data={"status": "inactive"}).status_code == 409
    assert f"{path}/status" not in client.get(path).text
    sources[:] = [replace(sources[0], is_live=False)]
    assert client.post(f"{path}/status", data={"status": "gone"}).status_code == 422
    assert client.post(f"{path}/status", data={"status": "inactive"}).status_code == 303
    action, facts = last_event(database)
    assert (action, facts.changes[0].after) == ("account.changed", "inactive")
    states = [tuple(row) for row in stored(database)["account_states"]]
    assert sorted((row[2], row[3] is None) for row in states) == [("active", False), ("inactive", True)]
    assert client.get(f"/api/v1/accounts/{account}").json()["status"] == "inactive"


def test_the_status_of_what_is_gone_is_history(asking: Asking, database: Database, sources: list[Source]) -> None:
    with database.transaction() as db:
        gone = make_account(db, make_app(db), seen_until=clock.now())
    sources[:] = [replace(sources[0], is_live=False)]
    assert asking().post(f"/access/accounts/{gone}/status", data={"status": "inactive"}).status_code == 409


def test_each_view_counts_what_it_lists(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada, bob = make_person(db, "Ada"), make_person(db, "Bob", status="left")
        app_id, now = make_app(db), clock.now()
        make_account(db, app_id, person_id=ada, last_login_at=now)
        make_account(db, app_id, person_id=bob, last_login_at=now)
        make_account(db, app_id, person_id=ada, last_login_at=LONG_AGO)
        make_account(db, app_id, last_login_at=now)
        make_account(db, app_id, kind="service", owner_id=ada)
        make_account(db, app_id, person_id=bob, seen_until=now)
    client = asking()
    whole = {"all": 5, "leavers": 1, "unused": 1, "not-linked": 1, "service": 1, "gone": 1}
    of_app = {"all": 5, "active": 3, "unused": 1, "leavers": 1, "not-linked": 1, "gone": 1}
    for path, expected in (("/access/accounts", whole), (f"/apps/{app_id}/users", of_app)):
        assert _views(client.get(path).text) == expected
        for view, count in expected.items():
            assert len(_listed(client.get(f"{path}?view={view}").text)) == count, (path, view)
    assert len(_listed(client.get("/access/accounts?linked=no").text)) == 2
    assert len(_listed(client.get("/access/accounts?source=nonsense").text)) == 0
    assert len(_listed(client.get(f"/access/accounts?source={CONNECTION}").text)) == 5


def test_a_person_page_says_what_they_reach_since_when_and_who_says_so(
    asking: Asking, database: Database, sources: list[Source]
) -> None:
    sources[:] = [Source(CONNECTION, "Okta of Marlow", clock.now() - timedelta(hours=3), "healthy")]
    with database.transaction() as db:
        ada = make_person(db, "Ada Byron")
        figma = make_app(db, "Figma")
        account = make_account(db, figma, person_id=ada, username="ada", seen_from=LONG_AGO)
        grant(db, account, make_entitlement(db, figma, "Admins", is_privileged=True))
        make_account(db, make_app(db, "Robot host"), kind="service", owner_id=ada, username="robot")
        make_account(db, make_app(db, "Left behind"), person_id=ada, seen_from=LONG_AGO, seen_until=clock.now())
    page = asking().get(f"/people/{ada}/accounts").text
    for words in ("Can reach 1 app", "Figma", "Admins", "Okta of Marlow", "3 hours ago", "First seen", "Answers for", "robot",
                  "No longer there", "Left behind"):  # fmt: skip
        assert words in page, words
    assert "ranted" not in page, "a sync sees what is held, not when it was granted"


def test_an_unknown_sign_in_is_a_dash_and_never_a_date(asking: Asking, database: Database, account: UUID) -> None:
    for path in (f"/access/accounts/{account}", "/access/accounts", f"/access/accounts/{account}/preview"):
        page = asking().get(path).text
        assert "1970" not in page
        assert "—" in page


def test_scripts_in_what_a_source_wrote_are_shown_as_text(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ada = make_person(db, SCRIPT)
        app_id = make_app(db, SCRIPT)
        account = make_account(db, app_id, person_id=ada, username=SCRIPT, email=SCRIPT, display_name=SCRIPT)
        grant(db, account, make_entitlement(db, app_id, SCRIPT))
    client = asking()
    for path in (
        "/access/accounts", f"/access/accounts/{account}", f"/access/accounts/{account}/preview", f"/apps/{app_id}/users",
        f"/people/{ada}/accounts", f"/people/{ada}/merge", f"/apps/{app_id}/merge", f"/apps/{app_id}", "/apps",
        f"/people/{ada}",
    ):  # fmt: skip
        page = client.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text, path
        assert "&lt;script&gt;" in page.text, path


def test_an_export_says_what_it_is_and_runs_no_formula(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        bob = make_person(db, "=Bob", status="left")
        make_account(db, make_app(db, "+Zoom"), person_id=bob, username="@ada", email="-x@example.com")
        make_account(db, make_app(db, "Figma"))
    answer = asking().get("/access/accounts.csv?view=leavers")
    lines = answer.text.splitlines()
    for head in ("# Export,Accounts", "# Filter,view Leavers", "# Rows,1 of 2", "# Version,Stackwarden 0.1.0"):
        assert any(line.lstrip("\ufeff") == head for line in lines), head
    assert any(line.startswith("# Source,Test directory") for line in lines)
    assert "'+Zoom,'@ada,'-x@example.com," in answer.text
    assert "'=Bob,Left" in answer.text
    action, facts = last_event(database)
    assert (action, facts.detail["rows"]) == ("accounts.exported", 1)
    assert facts.detail["sha256"] == lines[-1].removeprefix("# SHA-256,")


def test_a_source_that_was_removed_is_named_as_such(asking: Asking, account: UUID, sources: list[Source]) -> None:
    sources.clear()
    assert "Removed connection" in asking().get(f"/access/accounts/{account}").text


def test_the_first_card_counts_leavers_who_still_hold_accounts(database: Database) -> None:
    with database.transaction() as db:
        admin = actor_of("auditor")
        assert leavers_with_access(db, admin) is None
        ada = make_person(db, "Ada")
        app_id = make_app(db)
        make_account(db, app_id, person_id=ada)
        card = leavers_with_access(db, admin)
        assert card is not None
        assert (card.people, card.accounts) == (0, 0)
        for number in range(8):
            bob = make_person(db, f"Bob {number}", status="left")
            make_account(db, app_id, person_id=bob)
            make_account(db, app_id, person_id=bob, seen_until=clock.now())
        make_account(db, app_id, person_id=bob)
        card = leavers_with_access(db, admin)
        assert card is not None
        assert (card.people, card.accounts, len(card.leavers)) == (8, 9, 6)
        assert (card.leavers[0].name, card.leavers[0].accounts) == ("Bob 7", 2)
        assert leavers_with_access(db, actor_of("employee", ada)).people == 0

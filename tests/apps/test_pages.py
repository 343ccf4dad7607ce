"""Pages of apps: what is refused, what is shown, what many at once means, and that every page works without scripts."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from app.apps.models import AppFacts
from app.apps.register import Entry, apply_entries
from app.core import clock
from app.core.database import Database
from tests.builders import make_account, make_app, make_person
from tests.inventory import BAD_TEXTS, SCRIPT, last_event, stored

Asking = Callable[..., TestClient]
FORM = {"name": "Figma", "instance_name": "", "status": "new", "vendor": "", "category": "", "url": "", "owner": "",
        "cost_centre": "", "notes": ""}  # fmt: skip


def _listed(html: str) -> list[str]:
    return re.findall(r'<th scope="row" class="pin">.*?<a href="/apps/[^"]*">([^<]*)</a>', html)


def _views(html: str) -> dict[str, int]:
    pattern = r'id="listing-view-([a-z-]+)"[^>]*>[^<]*<span class="count">([\d,]+)</span>'
    return {key: int(count) for key, count in re.findall(pattern, html)}


def _cells(html: str, app_id: UUID) -> list[str]:
    row = html.split(f'id="row-{app_id}"')[1].split("</tr>", maxsplit=1)[0]
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]


def test_a_stranger_is_led_to_the_door_and_who_may_not_is_refused(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        app_id, me = make_app(db), make_person(db)
    assert asking("").get("/apps").status_code == 303
    for role in ("employee", "auditor"):
        client = asking(role, me)
        for path in ("/apps/new", f"/apps/{app_id}/edit", f"/apps/{app_id}/owner/edit", f"/apps/{app_id}/merge"):
            assert client.get(path).status_code == 403, path
        for path in (
            "/apps/new",
            f"/apps/{app_id}/edit",
            f"/apps/{app_id}/owner",
            "/apps/bulk/status",
            "/apps/bulk/owner",
        ):
            assert client.post(path, data={"id": str(app_id)}).status_code == 403, path


def test_a_bad_text_in_any_field_of_the_form_is_refused_and_nothing_is_written(
    asking: Asking, database: Database
) -> None:
    with database.transaction() as db:
        app_id = make_app(db, "Zoom")
    before, client = stored(database), asking()
    for field in FORM:
        allowed = {"notes": 501}.get(field, 0)
        for text in (text for text in BAD_TEXTS if isinstance(text, str) and not 3 < len(text) <= allowed):
            for path in ("/apps/new", f"/apps/{app_id}/edit"):
                answer = client.post(path, data=FORM | {field: text})
                assert answer.status_code == 422, (field, text[:10])
                assert "There is a problem" in answer.text
    assert stored(database) == before


def test_a_field_that_is_not_in_the_form_or_sent_twice_is_refused(asking: Asking, database: Database) -> None:
    before, client = stored(database), asking()
    for sent in (FORM | {"merged_into_id": str(uuid4())}, FORM | {"name": ["a", "b"]}, FORM | {"status": "root"}, {}):
        assert client.post("/apps/new", data=sent).status_code == 422
    assert client.post("/apps/new", content=b"\xff\xfe", headers={"content-type": "text/plain"}).status_code in {
        415,
        422,
    }
    assert stored(database) == before


def test_a_wrong_form_comes_back_with_everything_that_was_typed(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_app(db, "Figma")
    before, client = stored(database), asking()
    sent = FORM | {"name": "figma", "vendor": SCRIPT, "owner": "Nobody Known", "cost_centre": "Brand new"}
    answer = client.post("/apps/new", data=sent)
    assert answer.status_code == 422
    assert "Nobody here is known as Nobody Known" in answer.text
    assert SCRIPT not in answer.text
    assert "&lt;script&gt;" in answer.text
    answer = client.post("/apps/new", data=sent | {"owner": ""})
    assert answer.status_code == 422
    assert "There is another app called figma" in answer.text
    assert stored(database) == before


def test_an_app_is_added_and_changed(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_person(db, "Ada Byron", "ada@example.com")
    client = asking()
    answer = client.post("/apps/new", data=FORM | {"owner": "ADA@example.com", "cost_centre": "4100", "notes": SCRIPT})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Ada Byron" in page
    assert SCRIPT not in page
    edit = client.get(answer.headers["location"] + "/edit").text
    assert 'value="Ada Byron"' in edit
    changed = client.post(answer.headers["location"] + "/edit", data=FORM | {"owner": "Ada Byron", "status": "managed"})
    assert changed.status_code == 303
    assert {each.field for each in last_event(database)[1].changes} == {"status", "cost_centre", "notes"}


def test_an_owner_who_is_not_a_person_here_is_kept_as_an_address(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        app_id = make_app(db)
    client = asking()
    assert client.post(f"/apps/{app_id}/owner", data={"owner": "sam@agency.example"}).status_code == 303
    page = client.get(f"/apps/{app_id}").text
    assert "sam@agency.example" in page
    assert "not a person here" in page


def test_each_fact_says_who_said_it_last_and_when(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        ids = [make_app(db, name, source="connection", vendor="Old") for name in ("Zoom", "Miro")]
    client = asking()
    assert client.patch(f"/api/v1/apps/{ids[0]}", json={"vendor": "Zoom Inc."}).status_code == 200
    assert client.post(f"/apps/{ids[0]}/owner", data={"owner": "sam@agency.example"}).status_code == 303
    with database.transaction() as db:
        apply_entries(db, [Entry(name="Zoom", vendor="Zoom Inc.", category="Video")], clock.now())
    assert _said(client.get(f"/apps/{ids[0]}").text) == {
        "Status": "Connection", "Owner": "not a person here", "Vendor": "By hand", "Category": "Spreadsheet",
    }  # fmt: skip
    assert _said(client.get(f"/apps/{ids[1]}").text) == {"Status": "Connection", "Vendor": "Connection"}
    assert "By hand" in client.get(f"/apps/{ids[0]}/owner", headers={"HX-Request-Type": "partial"}).text


def _said(page: str) -> dict[str, str]:
    """Who says each fact of an app's overview."""
    facts = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    found = {label: re.search(r'class="source">([^<·]*?) · ', value) for label, value in facts}
    return {label: said[1] for label, said in found.items() if said}


def test_two_people_of_one_name_are_told_apart_by_address(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        app_id = make_app(db)
        make_person(db, "Ann Lee", "ann@example.com")
        other = make_person(db, "Ann Lee", "ann.lee@example.com")
    client = asking()
    answer = client.post(f"/apps/{app_id}/owner", data={"owner": "Ann Lee"})
    assert answer.status_code == 422
    assert "Several people are known as Ann Lee" in answer.text
    assert client.post(f"/apps/{app_id}/owner", data={"owner": "ann.lee@example.com"}).status_code == 303
    assert client.get(f"/api/v1/apps/{app_id}").json()["owner_id"] == str(other)


def test_the_owner_is_edited_in_place(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        app_id = make_app(db)
        make_person(db, "Ada Byron", "ada@example.com")
    client, partial = asking(), {"HX-Request": "true", "HX-Request-Type": "partial"}
    form = client.get(f"/apps/{app_id}/owner/edit", headers=partial).text
    assert "<form" in form
    assert "<html" not in form
    wrong = client.post(f"/apps/{app_id}/owner", data={"owner": "Nobody"}, headers=partial)
    assert wrong.status_code == 422
    assert "Nobody here is known as Nobody" in wrong.text
    right = client.post(f"/apps/{app_id}/owner", data={"owner": "Ada Byron"}, headers=partial)
    assert "Ada Byron" in right.text
    assert "<form" not in right.text


def test_each_view_counts_what_it_lists_and_all_apps_leaves_out_the_closed_and_ignored(
    asking: Asking, database: Database
) -> None:
    with database.transaction() as db:
        ada = make_person(db)
        for status in ("new", "in_review", "managed", "accepted", "plan_to_close", "closed", "ignored"):
            make_app(db, status, status=status, owner_id=ada if status == "managed" else None)
    client = asking()
    html = client.get("/apps").text
    assert _listed(html) == ["accepted", "in_review", "managed", "new", "plan_to_close"]
    counts = _views(html)
    assert counts == {"all": 5, "triage": 1, "managed": 1, "no-owner": 4, "plan-to-close": 1, "closed": 2}
    for view, count in counts.items():
        assert len(_listed(client.get(f"/apps?view={view}").text)) == count
    assert _listed(client.get("/apps?view=nonsense").text) == _listed(html)
    assert _listed(client.get("/apps?view=closed&status=ignored").text) == ["ignored"]


def test_unknown_is_a_dash_and_none_is_zero(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        unknown, empty, used = make_app(db, "Unknown"), make_app(db, "Empty"), make_app(db, "Used")
        make_account(db, empty, seen_until=clock.now())
        make_account(db, used, last_login_at=clock.now() - timedelta(days=3))
        make_account(db, used)
    html = asking().get("/apps").text
    assert _cells(html, unknown)[3:5] == ["—", "—"]
    assert _cells(html, empty)[3:5] == ["0", "0"]
    assert _cells(html, used)[3:5] == ["2", "1"]


def test_apps_are_sorted_by_how_many_accounts_they_have(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        for name, many in (("One", 1), ("None", 0), ("Three", 3)):
            app_id = make_app(db, name)
            for _ in range(many):
                make_account(db, app_id)
    assert _listed(asking().get("/apps?sort=-accounts").text) == ["Three", "One", "None"]


def test_an_export_says_what_it_is_and_runs_no_formula(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_app(db, "=HYPERLINK(1)", vendor="@SUM(1)", facts=AppFacts(notes="+1\ttab"), status="managed")
        make_app(db, "Plain")
        make_app(db, "Closed", status="closed")
    answer = asking().get("/apps.csv?view=all&status=managed")
    lines = answer.text.splitlines()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "# Exported by,administrator@example.com" in lines
    assert "# Rows,1 of 3" in lines
    assert "# Filter,view: All apps; status: Managed" in lines
    assert any(line.startswith("# Source,Test directory") for line in lines)
    assert "'=HYPERLINK(1),,Managed,'@SUM(1)" in answer.text
    assert lines[-1].startswith("# SHA-256,")
    action, facts = last_event(database)
    assert (action, facts.detail["rows"]) == ("apps.exported", 1)


def test_an_unknown_order_is_refused_before_a_file_begins(asking: Asking, database: Database) -> None:
    before, client = stored(database), asking()
    for path in ("/apps.csv", "/access/accounts.csv", "/apps", "/access/accounts"):
        assert client.get(f"{path}?sort=-nonsense").status_code == 422, path
    assert stored(database) == before
    assert client.get("/apps.csv?sort=-accounts").status_code == 200


def test_other_instances_of_a_product_are_shown_and_stay_apps_of_their_own(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        app_id = make_app(db, "Jira")
        make_app(db, "JIRA", instance_name="Engineering")
        make_app(db, "Jira Align")
    page = asking().get(f"/apps/{app_id}").text
    assert "JIRA (Engineering)" in page
    assert "Jira Align" not in page


@pytest.mark.parametrize(("role", "sees"), [("app_owner", {"Own", "Used"}), ("employee", {"Used"})])
def test_a_limited_role_meets_only_its_own_rows(asking: Asking, database: Database, role: str, sees: set[str]) -> None:
    with database.transaction() as db:
        me, stranger = make_person(db, "Me"), make_person(db, "Stranger")
        apps = {
            "Own": make_app(db, "Own", owner_id=me),
            "Used": make_app(db, "Used"),
            "Foreign": make_app(db, "Foreign"),
        }
        make_account(db, apps["Used"], person_id=me)
        for app_id in apps.values():
            make_account(db, app_id, person_id=stranger, username="stranger")
    client = asking(role, me)
    html = client.get("/apps").text
    assert set(_listed(html)) == sees
    assert _views(html)["all"] == len(sees)
    assert _cells(client.get("/apps?q=Used").text, apps["Used"])[-5] == "1"
    for path in ("/apps.csv", "/palette?q=o", "/apps?q=Foreign", "/apps?sort=-accounts"):
        assert "Foreign<" not in client.get(path).text, path
        assert "Foreign," not in client.get(path).text, path
    for name, app_id in apps.items():
        for path in (
            f"/apps/{app_id}",
            f"/apps/{app_id}/preview",
            f"/apps/{app_id}/users",
            f"/apps/{app_id}/users.csv",
        ):
            assert client.get(path).status_code == (200 if name in sees else 404), (name, path)
    for path in (f"/apps/{apps['Used']}", f"/apps/{apps['Used']}/users", f"/apps/{apps['Used']}/users.csv"):
        assert "tranger" not in client.get(path).text


def test_the_palette_finds_an_app_by_a_part_of_its_name(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        make_app(db, "Data Figma")
        app_id = make_app(db, "Figma")
    found = asking().get("/palette?q=fig").text
    assert found.index(f"/apps/{app_id}") < found.index("Data Figma")

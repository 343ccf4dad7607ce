"""The pages of people: what is typed is shown as text, what is not visible does not exist, what is exported is told."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from html import unescape
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.core import clock
from app.core.audit import Event, EventFacts, EventRow
from app.core.database import Database, Db
from app.core.permissions import ROLES
from app.organisation.models import Organisation
from app.people import panels
from app.people.facets import ensure_facet
from app.people.models import Person, PersonEmail
from app.people.roster import Roster
from app.web.sources import Source
from tests.builders import make_account, make_app, make_person
from tests.people.conftest import actor_of
from tests.people.records import make_record
from tests.people.test_api import BAD_TEXTS, SCRIPT
from tests.postgres import Server

Asking = Callable[..., TestClient]
HR = UUID(int=1)


def _count(database: Database) -> tuple[int, ...]:
    with database.transaction() as db:
        return tuple(
            db.value(sa.select(sa.func.count()).select_from(table)) for table in (Person, PersonEmail, EventRow)
        )


def _links(html: str) -> list[str]:
    """The people that a list names, in order."""
    return [unescape(name) for name in re.findall(r'<a href="/people/[0-9a-f-]{36}">(.*?)</a>', html)]


@pytest.fixture
def crowd(database: Database) -> dict[str, UUID]:
    """One person for each view."""
    today = clock.now().date()
    with database.transaction() as db:
        team = ensure_facet(db, "team", "Sales & <b>More</b>")
        return {
            "Ada": make_person(db, "Ada", "ada@example.com", team_id=team),
            "Bea": make_person(db, "Bea", type="contractor", leaving_date=today + timedelta(3)),
            "Cy": make_person(db, "Cy", start_date=today + timedelta(3), status="unknown"),
            "Di": make_person(db, "Di", status="left", leaving_date=today - timedelta(3)),
            "Robot": make_person(db, "Robot", "", type="service"),
        }


def test_who_may_not_write_finds_no_form(asking: Asking, crowd: dict[str, UUID], database: Database) -> None:
    before = _count(database)
    person = f"/people/{crowd['Ada']}"
    for role in ("", "employee", "app_owner", "auditor", "finance", "security"):
        client = asking(role, crowd["Ada"])
        expected = 403 if role else 401
        for path in ("/people/new", f"{person}/edit"):
            assert client.get(path).status_code == expected
            assert client.post(path, data={"display_name": "X"}).status_code == expected
        for path in ("departure", "return", "sources"):
            assert client.post(f"{person}/{path}", data={}).status_code == expected
    assert _count(database) == before


def test_a_bad_form_is_given_back_with_everything_typed_and_nothing_written(
    asking: Asking, database: Database, crowd: dict[str, UUID]
) -> None:
    before = _count(database)
    client = asking()
    bad: list[tuple[str, str]] = [
        ("email", "nope"), ("email", "ADA@example.com"), ("aliases", "a@example.com, nope"), ("manager", "Nobody"),
        ("start_date", "31 Feb 2026"), ("start_date", "9999-12-31"), ("type", "root"), ("aliases", ", ".join(["a@b.de"] * 51)),
        *(("team", text) for text in BAD_TEXTS if isinstance(text, str) and text != "a\nb"),
    ]  # fmt: skip
    for field, value in bad:
        typed = {"display_name": SCRIPT, "email": "x@example.com", "type": "employee", field: value}
        for path in ("/people/new", f"/people/{crowd['Bea']}/edit"):
            response = client.post(path, data=typed)
            assert response.status_code == 422, (path, field, value[:40])
            assert f'href="#field-{field}"' in response.text, (path, field, value[:40])
            assert SCRIPT not in response.text
            assert SCRIPT in unescape(response.text)
    assert client.post("/people/new", data={"display_name": ["a", "b"]}).status_code == 422
    assert client.post("/people/new", data={"display_name": "a", "is_admin": "true"}).status_code == 422
    assert client.post("/people/new", content=b"\xff", headers={"content-type": "text/plain"}).status_code == 422
    assert _count(database) == before


def test_scripts_are_kept_as_typed_and_shown_as_text_on_every_page(asking: Asking, crowd: dict[str, UUID]) -> None:
    client = asking()
    typed = dict.fromkeys(
        ("display_name", "given_name", "family_name", "employee_id", "phone", "team", "job_title"), SCRIPT
    )
    response = client.post(
        "/people/new", data={**typed, "email": "o'brien@example.com", "type": "external", "manager": "Ada"}
    )
    assert response.status_code == 303
    path = response.headers["location"]
    stored = client.get(f"/api/v1{path}").json()
    assert {name: stored[name] for name in typed} == typed
    assert stored["manager_id"] == str(crowd["Ada"])
    for page in (
        "/people",
        path,
        f"{path}/edit",
        f"{path}/preview",
        f"/people/{crowd['Ada']}",
        "/people?q=" + "%3Cscript%3E",
    ):
        html = client.get(page).text
        assert "<script>alert" not in html, page
        assert SCRIPT in unescape(html), page
    again = client.get(f"{path}/edit").text
    assert 'value="o&#39;brien@example.com"' in again


def test_each_view_holds_its_people_and_says_how_many(asking: Asking, crowd: dict[str, UUID]) -> None:
    client = asking()
    views = {
        "": ["Ada", "Bea", "Robot"], "active": ["Ada", "Bea", "Robot"], "starting": ["Cy"], "leaving": ["Bea"], "left": ["Di"],
        "external": ["Bea"], "service": ["Robot"], "everyone": ["Ada", "Bea", "Cy", "Di", "Robot"],
        "odd": ["Ada", "Bea", "Robot"],
    }  # fmt: skip
    for view, names in views.items():
        html = client.get(f"/people?view={view}").text
        assert _links(html) == names, view
        assert re.search(r'Everyone <span class="count">5</span>', html)


def test_the_list_is_sorted_filtered_searched_and_paged_in_the_address(
    asking: Asking, crowd: dict[str, UUID], database: Database
) -> None:
    client = asking()
    with database.transaction() as db:
        team = db.value(sa.select(Person.team_id).where(Person.id == crowd["Ada"]))
        for number in range(60):
            make_person(db, f"Extra {number:02}", status="unknown")
    assert _links(client.get("/people?view=everyone&sort=-name").text)[0] == "Robot"
    assert _links(client.get("/people?q=ADA@").text) == ["Ada"]
    assert _links(client.get(f"/people?view=everyone&team={team}").text) == ["Ada"]
    assert _links(client.get("/people?view=everyone&status=left&status=active&type=employee").text) == ["Ada", "Di"]
    assert _links(client.get("/people?team=nonsense").text) == []
    first = client.get("/people?view=everyone").text
    assert "1–50 of 65" in first  # noqa: RUF001 - as the pager writes it
    assert "Sales &amp; &lt;b&gt;More&lt;/b&gt;" in first
    following = unescape(re.search(r'href="([^"]*)" rel="next"', first)[1])  # type: ignore[index]
    second = client.get(following).text
    assert len(_links(first)) == 50
    assert len(_links(second)) == 15
    assert not set(_links(first)) & set(_links(second))
    assert client.get("/people?sort=id").status_code == 200
    for refused in ("/people?sort=salary", "/people?cursor=x"):
        assert client.get(refused).status_code == 422


def test_a_part_is_answered_where_a_part_is_asked_for(asking: Asking, crowd: dict[str, UUID]) -> None:
    part = asking().get("/people", headers={"hx-request": "true", "hx-request-type": "partial"}).text
    assert "<html" not in part
    assert _links(part) == ["Ada", "Bea", "Robot"]


def test_an_empty_organisation_is_told_how_to_begin(asking: Asking) -> None:
    assert "Connect a directory" in asking().get("/people").text
    assert "Connect a directory" not in asking("employee").get("/people").text


@pytest.mark.parametrize(("role", "sees"), [("employee", {"Own"}), ("app_owner", {"Own", "Holder"})])
def test_pages_palette_and_export_show_only_visible_rows(
    asking: Asking, database: Database, role: str, sees: set[str]
) -> None:
    with database.transaction() as db:
        secret = ensure_facet(db, "team", "Secret team")
        ids = {name: make_person(db, name) for name in ("Own", "Holder")}
        ids["Hidden"] = make_person(db, "Hidden", team_id=secret)
        db.run(sa.update(Person).where(Person.id == ids["Own"]).values(manager_id=ids["Hidden"]))
        make_person(db, "Hidden report", manager_id=ids["Own"])
        make_account(db, make_app(db, owner_id=ids["Own"]), person_id=ids["Holder"])
    client = asking(role, ids["Own"])
    for page in (
        "/people?view=everyone",
        "/people?view=everyone&sort=-email",
        "/people?view=everyone&q=h",
        "/people?q=hidden",
    ):
        html = client.get(page).text
        assert "Hidden" not in html
        assert "Secret team" not in html
    assert set(_links(client.get("/people?view=everyone").text)) == sees
    for name, person in ids.items():
        for tail in ("", "/preview"):
            assert client.get(f"/people/{person}{tail}").status_code == (200 if name in sees else 404)
    own = client.get(f"/people/{ids['Own']}").text
    assert str(ids["Hidden"]) not in own
    assert "Hidden report" not in own
    exported = client.get("/people.csv?view=everyone").text
    assert f"# Rows,{len(sees)} of {len(sees)}" in exported
    assert "Secret" not in exported
    with database.transaction() as db:
        hits = panels.search(db, actor_of(role, ids["Own"]), Roster(), "h", 9)
        assert {hit.label for hit in hits} == sees & {"Holder"}


def test_a_foreign_or_unknown_id_is_not_found(asking: Asking) -> None:
    client = asking()
    for tail in ("", "/preview", "/edit"):
        assert client.get(f"/people/{uuid4()}{tail}").status_code == 404
        assert client.get(f"/people/x{tail}").status_code == 422


def test_an_old_link_to_somebody_merged_leads_to_who_they_are(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        kept = make_person(db)
        merged = make_person(db, merged_into_id=kept)
    response = asking().get(f"/people/{merged}")
    assert (response.status_code, response.headers["location"]) == (303, f"/people/{kept}")
    assert asking("employee").get(f"/people/{merged}").status_code == 404


def test_every_fact_says_who_says_so(asking: Asking, database: Database, sources: list[Source]) -> None:
    sources.append(Source(HR, "HR system", clock.now() - timedelta(hours=3), "healthy"))
    with database.transaction() as db:
        db.run(sa.update(Organisation).values(lifecycle_source_id=HR))
        team = ensure_facet(db, "team", "Analytics")
        person = make_person(
            db, "Ada Byron", "ada@example.com", team_id=team, status_from="lifecycle", facts={"phone": "555"}
        )
        make_record(db, person, HR, display_name="Ada B.", given_name="Ada", team="ANALYTICS", email="ada@example.com")
        make_record(db, person, uuid4(), family_name="Byron", display_name="A. Byron")
    html = asking().get(f"/people/{person}").text

    def source(label: str) -> str:
        return re.search(rf'<dt>{label}</dt><dd>.*?<small class="source">(.*?)(?: ·|</small>)', html, re.DOTALL)[1]  # type: ignore[index]

    assert source("Status") == "HR system, the lifecycle source"
    assert source("Team") == "HR system"
    assert source("Last name") == "Removed connection"
    assert source("Phone") == "Entered here"
    assert "3 hours ago" in html
    assert "Record departure" not in html, "the lifecycle source decides"
    assert re.search(r"<dt>Location</dt><dd>\s*—", html)


def test_departure_and_return_by_form(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        person = make_person(db, "Ada", status_from="hand")
    client, path = asking(), f"/people/{person}"
    for data, status, day in (
        ({"leaving_date": "31 Dec 2190"}, "active", date(2190, 12, 31)),
        ({"leaving_date": ""}, "left", None),
    ):
        assert client.post(f"{path}/departure", data=data).status_code == 303
        with database.transaction() as db:
            row = db.row(sa.select(Person.status, Person.leaving_date).where(Person.id == person))
        assert row is not None
        assert row.status == status
        assert day is None or row.leaving_date == day
    assert client.post(f"{path}/departure", data={"leaving_date": "soon"}).status_code == 422
    assert client.post(f"{path}/return").status_code == 303
    assert client.get(f"/api/v1{path}").json()["status"] == "active"


def test_changing_a_synced_person_keeps_what_was_typed_until_told_otherwise(asking: Asking, database: Database) -> None:
    with database.transaction() as db:
        person = make_person(db, "Ada", "ada@example.com")
        make_record(db, person, HR)
    client, path = asking(), f"/people/{person}"
    form = client.get(f"{path}/edit").text
    assert "What you enter here is kept" in form
    assert (
        client.post(
            f"{path}/edit", data={"display_name": "Ada B", "email": "ada@example.com", "type": "employee"}
        ).status_code
        == 303
    )
    assert "Follow the sources again" in client.get(path).text
    assert client.post(f"{path}/sources").status_code == 303
    assert client.get(f"/api/v1{path}").json()["is_manual"] is False


def _exports(db: Db) -> list[EventFacts]:
    rows = db.rows(sa.select(EventRow.__table__).where(EventRow.action == Event.PEOPLE_EXPORTED))
    return [db.open(EventFacts, EventRow, row.id, row.sealed) for row in rows]


def test_an_export_says_what_it_is_and_is_an_event(
    asking: Asking, crowd: dict[str, UUID], database: Database, sources: list[Source]
) -> None:
    sources += [Source(HR, "HR system", clock.now(), "healthy"), Source(uuid4(), "=cmd", None, "new")]
    client = asking("auditor")
    client_made = asking()
    client_made.post("/people/new", data={"display_name": "=1+1", "type": "employee", "manager": "Ada"})
    response = client.get("/people.csv?sort=-name")
    assert response.headers["content-disposition"].startswith('attachment; filename="people-')
    body, _, tail = response.content.rstrip(b"\r\n").rpartition(b"\r\n")
    digest = sha256(body + b"\r\n").hexdigest()
    assert tail == f"# SHA-256,{digest}".encode()
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    head = {line[0]: line[1:] for line in lines if line[0].startswith("#") and line[0] != "# Source"}
    assert head["# Exported by"] == ["auditor@example.com"]
    assert head["# Filter"] == ["view Active"]
    assert head["# Rows"] == ["4 of 6"]
    assert [line[1] for line in lines if line[0] == "# Source"] == ["HR system", "'=cmd"]
    rows = lines[[line[0] for line in lines].index("Name") + 1 :]
    assert [row[0] for row in rows] == ["Robot", "Bea", "Ada", "'=1+1"]
    assert rows[-1][13] == "Ada"
    with database.transaction() as db:
        [told] = _exports(db)
    assert (told.actor, told.detail["rows"], told.detail["sha256"]) == ("auditor@example.com", 4, digest)
    assert told.detail["filter"] == "view Active"


def test_no_byte_leaves_where_the_export_cannot_be_recorded(
    asking: Asking, crowd: dict[str, UUID], postgres: Server, database_name: str
) -> None:
    client = asking("auditor")
    assert "Ada" in client.get("/people.csv").text
    with postgres.connect("postgres", database_name) as connection:
        asked = "SELECT action FROM events ORDER BY id DESC LIMIT 2"
        assert [row[0] for row in connection.execute(asked)] == ["people.exported", "export.requested"]
        connection.execute("REVOKE INSERT ON events FROM stackwarden_app")
    refused = client.get("/people.csv")
    assert refused.status_code == 500
    assert "Ada" not in refused.text


def test_an_export_holds_what_the_filter_asks_for(asking: Asking, crowd: dict[str, UUID], database: Database) -> None:
    with database.transaction() as db:
        team = db.value(sa.select(Person.team_id).where(Person.id == crowd["Ada"]))
    text = asking().get(f"/people.csv?view=everyone&team={team}&status=active&q=ada").text
    assert "view Everyone; search ada; status Active; team Sales & <b>More</b>" in text
    assert "# Rows,1 of 5" in text
    assert "Bea" not in text


def test_the_words_of_a_filter_name_no_group_that_the_reader_does_not_see(
    asking: Asking, crowd: dict[str, UUID], database: Database
) -> None:
    with database.transaction() as db:
        secret = ensure_facet(db, "team", "Mergers")
    for team, name in ((secret, "Mergers"), (crowd["Ada"], "Ada")):
        assert name not in asking("employee", crowd["Bea"]).get(f"/people.csv?team={team}").text


def test_every_role_opens_the_list(asking: Asking, crowd: dict[str, UUID]) -> None:
    for role in ROLES:
        assert asking(role, crowd["Ada"]).get("/people").status_code == 200

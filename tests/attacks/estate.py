"""An installation as an attacker finds it: the whole product over a real database, an organisation in it, users of every role.

What an app owner and an employee must not see bears ``MARK``, so that one search of an answer's bytes tells. The ids that
routes take are in ``ids`` (whoever may see everything finds them) and ``foreign`` (the same, all marked).
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr

import app.main
from app.access import merging
from app.access.models import Account
from app.apps.models import App
from app.apps.queries import get_app
from app.connections import actions as connections
from app.connections import runs
from app.connections.imports.uploading import BY_KEY, upload
from app.core.actor import Actor, anonymous, job_actor
from app.core.audit import EventRow
from app.core.database import Database, Db
from app.core.permissions import ROLES, permissions_of, rows_of
from app.core.settings import Settings
from app.login import actions as users
from app.login import api_keys, attempts, sessions, set_up_sessions
from app.login.models import email_index
from app.people.facets import ensure_facet
from app.people.models import Person
from connectors.registry import CONNECTORS
from tests.attacks.wire import FORM, JSON, MULTIPART, ORIGIN, Answer, Ask, Wire, as_form, as_json, as_multipart
from tests.builders import grant, make_account, make_app, make_entitlement, make_person
from tests.conftest import MASTER
from tests.login.installation import Known, make_user

MARK = "Qzvmark"
SEARCHED = "qzv"  # finds what is marked, and is not the mark itself where a page repeats it
BROWSER = {"accept": "text/html", "origin": ORIGIN, "sec-fetch-site": "same-origin", "user-agent": "tests"}
ANYBODY = ("anonymous", "half-signed-in", "set-up")
ADMIN = job_actor("administrator of the tests")


@dataclass(repr=False)
class Estate:
    """The running product and everything that is known about it."""

    app: FastAPI
    wire: Wire
    settings: Settings
    database: Database
    known: dict[str, Known] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)

    def cookie(self, who: str) -> str:
        """A fresh session of a user with this role, or what a stranger has on the way to one."""
        with self.database.transaction() as db:
            if who == "half-signed-in":
                return f"{attempts.COOKIE}={attempts.begin(db, self.known['employee'].id, username='x').secret}"
            if who == "set-up":
                return f"{set_up_sessions.COOKIE}={set_up_sessions.start(db)}"
            return f"{sessions.COOKIE}={sessions.start(db, anonymous(), self.known[who].id)}"

    def headers(self, who: str) -> dict[str, str]:
        """What a browser sends for them; for ``key:<role>`` what a program sends."""
        if who.startswith("key:"):
            return {"accept": JSON, "authorization": f"Bearer {self.key(who.removeprefix('key:'))}"}
        return dict(BROWSER) if who == "anonymous" else {**BROWSER, "cookie": self.cookie(who)}

    def actor(self, role: str) -> Actor:
        """The user of this role as a request finds them."""
        with self.database.transaction(read_only=True) as db:
            person = db.value(sa.text("SELECT person_id FROM users WHERE id = :id"), {"id": self.known[role].id})
        roles, user = (role,), self.known[role]
        return Actor(
            "user", user.email, id=user.id, user_id=user.id, person_id=person, roles=roles,
            permissions=permissions_of(roles), rows=rows_of(roles),
        )  # fmt: skip

    def key(self, role: str, scopes: Sequence[str] | None = None) -> str:
        """A new API key of the user with this role: all scopes that it can have, unless they are named."""
        actor = self.actor(role)
        with self.database.transaction() as db:
            return api_keys.mint(db, actor, name="tests", scopes=scopes or api_keys.scopes_for(actor))

    @cached_property
    def standing_key(self) -> str:
        """The owner's API key for the length of the tests."""
        return self.key("owner")

    def ask(self, who: str | dict[str, str], method: str, target: str, **sent: Any) -> Answer:
        """One request of theirs: ``json`` or ``form`` is its body."""
        return self.wire.send(self.prepare(who, method, target, **sent))

    def prepare(self, who: str | dict[str, str], method: str, target: str, **sent: Any) -> Ask:
        """The same, not sent yet."""
        headers = dict(who) if isinstance(who, dict) else self.headers(who)
        if target.startswith("/api/"):
            headers["accept"] = JSON
        body = b""
        if "json" in sent:
            headers["content-type"], body = JSON, as_json(sent["json"])
        elif "form" in sent:
            headers["content-type"], body = FORM, as_form(sent["form"])
        elif "multipart" in sent:
            headers["content-type"], body = MULTIPART, as_multipart(sent["multipart"])
        elif "body" in sent:
            headers["content-type"], body = sent["kind"], sent["body"]
        return Ask(method, target, {**headers, **sent.get("headers", {})}, body)

    def rows(self, *, but: Sequence[str] = ()) -> dict[str, tuple[int, str]]:
        """How many rows each table has, and a digest of what is in them; the notes of when who was last seen are left out."""
        with self.database.transaction(read_only=True) as db:
            names = db.session.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
            unreadable = {"alembic_version"}
            return {name: _digest(db, name) for name in sorted(set(names) - unreadable - set(but))}


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[FastAPI, Wire]]:
    """One process's application and a line to it; everything is closed afterwards."""
    application = app.main.create_app(settings)
    line = Wire(application)
    try:
        yield application, line
    finally:
        line.close()


def settings_for(url: str, folder: Path, **changes: Any) -> Settings:
    """Production's settings over the database at ``url``."""
    key_file = folder / "key"
    if not key_file.exists():
        key_file.touch(0o600)
        key_file.write_text("stackwarden-key-1:" + urlsafe_b64encode(MASTER._secret).decode() + "\n", "ascii")
    values: dict[str, Any] = {"public_url": ORIGIN, "database_url": SecretStr(url), **changes}
    return Settings(data_dir=folder / "data", key_file=key_file, **values)


def populate(estate: Estate) -> Estate:
    """An organisation with users of every role, things of their own, and marked things of others."""
    with estate.database.transaction() as db:
        olive = make_person(db, "Olive Owner", "app_owner@corp.example")
        emil = make_person(db, "Emil Employee", "employee@corp.example")
        for role in ROLES:
            estate.known[role] = make_user(db, f"{role}@corp.example", role, name=f"{role.capitalize()} User")
            estate.known[role].seed = ""
        for email, person in (("app_owner@corp.example", olive), ("employee@corp.example", emil)):
            users.link_person(db, email_index(db, email), person)
        estate.known["victim"] = make_user(db, "victim@corp.example", "employee", name="Vic Timm")
        estate.ids |= _own(db, olive, emil)
        estate.foreign |= _foreign(db, estate.ids)
        estate.ids |= _merges(db) | {"spare_person_id": str(make_person(db, "Sam Spare", "sam@corp.example"))}
        estate.ids |= {"user_id": str(estate.known["victim"].id), "key": "scim"}
        estate.foreign |= {"user_id": str(estate.known["owner"].id), "key": "scim"}
        estate.ids |= _connection(db, "Directory", estate.ids["app_id"], "https://directory.example.net/scim")
        estate.foreign |= _connection(
            db, f"{MARK} directory", estate.foreign["app_id"], f"https://{MARK.lower()}.example.net/scim"
        )
        estate.ids |= _imports(db, estate.ids["app_id"])
        event = str(db.value(sa.select(EventRow.id).order_by(EventRow.id).limit(1)))
        nowhere = "01939b8e-7c00-7000-8000-00000000dead"
        for each in (estate.ids, estate.foreign):
            each |= {
                "event_id": event,
                "import_id": estate.ids["import_id"],
                "session_id": nowhere,
                "merge_id": nowhere,
                "key_id": nowhere,
            }
    return estate


def _own(db: Db, olive: UUID, emil: UUID) -> dict[str, str]:
    """Atlas is Olive's and Emil has an account in it; so has Hilda, who has another in a marked app. Borealis is Emil's too."""
    atlas = make_app(db, "Atlas", owner_id=olive, vendor="Atlas Ltd", category="Maps", status="managed")
    borealis = make_app(db, "Borealis", status="managed")
    hilda = make_person(db, "Hilda Holder", "hilda@corp.example")
    account = make_account(
        db, atlas, person_id=emil, username="emil", email="employee@corp.example", display_name="Emil"
    )
    held = make_account(db, atlas, person_id=hilda, username="hilda", email="hilda@corp.example", display_name="Hilda")
    make_account(db, borealis, person_id=emil, username="emil-b", display_name="Emil B")
    readers = make_entitlement(db, atlas, "Readers")
    for each in (account, held):
        grant(db, each, readers)
    return {
        "app_id": str(atlas), "person_id": str(hilda), "account_id": str(account), "employee_person_id": str(emil),
        "other_app_id": str(borealis), "owner_person_id": str(olive), "holder_account_id": str(held),
    }  # fmt: skip


def _foreign(db: Db, own: dict[str, str]) -> dict[str, str]:
    groups: Any = {
        f"{kind}_id": ensure_facet(db, kind, f"{MARK} {kind}") for kind in ("team", "location", "cost_centre", "job_title")
    }  # fmt: skip
    boss = make_person(
        db, f"{MARK} Boss", f"{MARK}.boss@corp.example", aliases=(f"{MARK}.alias@corp.example",),
        facts={"employee_id": f"{MARK}-1", "phone": f"{MARK}-2"}, **groups,
    )  # fmt: skip
    make_person(db, f"{MARK} Report", manager_id=UUID(own["person_id"]), **groups)
    left = make_person(db, f"{MARK} Leaver", status="left", manager_id=boss)
    crm = make_app(
        db, f"{MARK} CRM", owner_id=boss, vendor=f"{MARK} GmbH", category=f"{MARK} category", status="managed",
        url=f"https://{MARK}.example", cost_centre_id=groups["cost_centre_id"], source=f"{MARK}",
    )  # fmt: skip
    make_app(db, "Atlas", instance_name=f"{MARK} instance", owner_id=boss)
    account = make_account(
        db, crm, person_id=boss, username=f"{MARK}-boss", email=f"{MARK}.boss@corp.example", display_name=f"{MARK} Boss"
    )
    make_account(db, crm, person_id=left, username=f"{MARK}-leaver", display_name=f"{MARK} Leaver")
    elsewhere = make_account(
        db, crm, person_id=UUID(own["person_id"]), username=f"{MARK}-hilda", email=f"{MARK}.h@corp.example",
        display_name=f"{MARK} Hilda",
    )  # fmt: skip
    service = make_account(db, crm, username=f"{MARK}-svc", display_name=f"{MARK} svc")
    db.run(sa.update(Account).where(Account.id == service).values(kind="service", owner_id=UUID(own["person_id"])))
    admins = make_entitlement(db, crm, f"{MARK} admins", is_privileged=True)
    for each in (account, elsewhere):
        grant(db, each, admins)
    return {
        "app_id": str(crm), "person_id": str(boss), "account_id": str(account), "holder_account_id": str(elsewhere),
        "other_app_id": str(crm), "employee_person_id": str(boss), "owner_person_id": str(boss),
    }  # fmt: skip


def _merges(db: Db) -> dict[str, str]:
    """A merge of apps and one of people, which can be undone."""
    kept_app, gone_app = (db.find(App, make_app(db, name)) for name in ("Kept app", "Gone app"))
    kept, gone = (db.find(Person, make_person(db, name)) for name in ("Kept Person", "Gone Person"))
    assert None not in (kept_app, gone_app, kept, gone)
    apps, people = merging.merge_apps(db, ADMIN, kept_app, gone_app), merging.merge_people(db, ADMIN, kept, gone)
    return {
        "app_merge_id": str(apps.id), "merged_app_id": str(kept_app.id),
        "person_merge_id": str(people.id), "merged_person_id": str(kept.id),
    }  # fmt: skip


def _connection(db: Db, name: str, app_id: str, url: str) -> dict[str, str]:
    made = connections.create_connection(
        db, ADMIN, CONNECTORS["scim"],
        {"name": name, "app_id": UUID(app_id), "settings": {"base_url": url, "token": "t" * 40}},
    )  # fmt: skip
    return {"connection_id": str(made.id), "sync_id": str(runs.request_sync(db, ADMIN, made).id)}


def _imports(db: Db, app_id: str) -> dict[str, str]:
    """A file of people that nobody has looked at yet, and one of accounts that waits."""
    atlas = get_app(db, ADMIN, UUID(app_id))
    people = BytesIO(b"Email,Name\r\nsheet@corp.example,Sheet Person\r\n")
    accounts = BytesIO(b"Username,Name\r\nsheet,Sheet Person\r\n")
    return {
        "import_id": str(upload(db, ADMIN, BY_KEY["people"], None, "people.csv", people).id),
        "waiting_import_id": str(upload(db, ADMIN, BY_KEY["accounts"], atlas, "accounts.csv", accounts).id),
    }


_VOLATILE = {"sessions": "last_seen_at,sealed", "api_keys": "last_used_at"}


def _digest(db: Db, table: str) -> tuple[int, str]:
    hidden = _VOLATILE.get(table)
    row = "t" if hidden is None else f"(to_jsonb(t) - '{{{hidden}}}'::text[])"
    found = db.row(
        sa.text(
            f"SELECT count(*), coalesce(md5(string_agg(md5({row}::text), '' ORDER BY md5({row}::text))), '') FROM {table} t"
        )
    )
    assert found is not None
    return int(found[0]), str(found[1])

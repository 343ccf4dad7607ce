"""Fill an empty installation with the synthetic organisation, through the same imports that a person would use.

Three kinds of files: the people, the register of apps, and the accounts of each app. No users are made.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa

from app.apps.queries import AppFilter, each_app
from app.apps.records import AppOut
from app.connections.actions import choose_lifecycle_source
from app.connections.imports.applying import apply_import
from app.connections.imports.preparing import prepare
from app.connections.imports.uploading import BY_KEY, upload
from app.connections.models import Connection
from app.core import audit
from app.core.actor import Actor, job_actor
from app.core.audit import Event, Subject
from app.core.database import Db
from app.core.errors import StartRefused
from app.core.opening import open_database
from app.core.settings import Settings
from app.demo import organisation
from app.demo.organisation import DemoAccount, DemoApp, DemoPerson
from app.login.queries import is_set_up
from app.organisation import actions as organisation_actions
from app.organisation.queries import get_organisation, today
from app.people.models import Person

NAME = "Marlow & Finch"
_STATUS = {"new": "New", "in_review": "In review", "managed": "Managed", "accepted": "Accepted", "plan_to_close": "Plan to close",
           "closed": "Closed", "ignored": "Ignored"}  # fmt: skip
_PEOPLE = ("Employee id", "First name", "Last name", "Email", "Job title", "Team", "Location", "Person type", "Start date",
           "Leaving date", "Line manager email")  # fmt: skip
_APPS = ("Name", "Category", "Status", "Vendor", "Owner email")
_ACCOUNTS = ("Name", "Email", "Username", "Status", "Last login", "Roles")


def fill(settings: Settings) -> None:
    """Fill the database at ``settings.database_url``, unless people are in it already.

    Refuses (``StartRefused``) an installation that somebody has set up for themselves.
    """
    database = open_database(settings, concurrency=2)
    try:
        with database.transaction() as db:
            if db.value(sa.select(sa.exists(sa.select(Person.id)))):
                return
            if is_set_up(db):
                raise StartRefused("This installation has an owner: the demonstration fills only one that nobody uses.")
            _fill(db, job_actor("demonstration"))
    finally:
        database.close()


def _fill(db: Db, actor: Actor) -> None:
    now = today(db)
    people = organisation.people(now)
    register = organisation.apps(people)
    accounts = organisation.accounts(people, register, now)
    facts = get_organisation(db)
    organisation_actions.change(
        db, actor, facts, name=NAME, time_zone="Europe/London", currency="GBP", fiscal_year_start=4
    )
    source = _import(db, actor, "people", None, "people.csv", (_PEOPLE, *map(_person, people)))
    choose_lifecycle_source(db, actor, source)
    _import(db, actor, "apps", None, "apps.csv", (_APPS, *map(_app, register)))
    by_name = {app.name: app for page in each_app(db, actor, AppFilter(), "name", further={}) for app in page}
    for app in register:
        rows = [_account(account) for account in accounts if account.app == app.name]
        if rows:
            file = f"{app.name.lower().replace(' ', '-')}.csv"
            _import(db, actor, "accounts", by_name[app.name], file, (_ACCOUNTS, *rows))
    counts: dict[str, str | int | bool | None] = {
        "people": len(people),
        "apps": len(register),
        "accounts": len(accounts),
    }
    audit.record(db, actor, Event.DEMO_FILLED, Subject("organisation", facts.id, NAME), detail=counts)


def _import(
    db: Db, actor: Actor, target: str, app: AppOut | None, name: str, rows: Iterable[Sequence[str]]
) -> Connection:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    given = upload(db, actor, BY_KEY[target], app, name, io.BytesIO(text.getvalue().encode()))
    prepare(db, actor, given)
    assert not given.failed_rows, f"{name}: {given.failed_rows} rows failed"
    apply_import(db, actor, given, accept_removals=False)
    connection = db.find(Connection, given.connection_id)
    assert connection is not None
    return connection


def _person(person: DemoPerson) -> Sequence[str]:
    return (
        f"MF-{person.number:04}", person.given, person.family, person.email, person.title, person.team, person.location,
        person.kind, _day(person.start), _day(person.leaving), person.manager_email,
    )  # fmt: skip


def _app(app: DemoApp) -> Sequence[str]:
    return (app.name, app.category, _STATUS[app.status], app.vendor, app.owner_email)


def _account(account: DemoAccount) -> Sequence[str]:
    return (
        account.name,
        account.email,
        account.email,
        account.status,
        _day(account.last_login),
        "; ".join(account.roles),
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""

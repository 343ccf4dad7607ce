"""Apps as a file: what the list shows, in the order of the list."""

from collections.abc import Iterator, Sequence

from fastapi import Request

from app.apps import queries
from app.apps.numbers import AppNumbers, Numbers, numbers_of
from app.apps.queries import AppFilter
from app.apps.records import AppOut
from app.apps.wording import source_word, status_word
from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Db
from app.core.listing import Order
from app.people.queries import names_and_addresses
from app.web import exporting
from app.web.downloads import Download

COLUMNS = (
    "Name", "Instance", "Status", "Vendor", "Category", "Address", "Owner", "Owner e-mail",
    "Cost centre", "Accounts", "Active accounts", "Accounts of leavers", "Notes", "Source", "Changed (UTC)", "Id",
)  # fmt: skip
_NOBODY = ("", "")


def export(request: Request, db: Db, actor: Actor, wanted: AppFilter, *, sort: str, described: str) -> Download:
    """The apps that match, as a download; exporting is an event itself. Refuses (``Invalid``) an unknown sort."""
    numbers = numbers_of(request)
    queries.list_apps(db, actor, wanted, Order(sort, None, 1), further=numbers.sorts(actor))
    what = exporting.Exported(
        title="Apps",
        event=Event.APPS_EXPORTED,
        columns=COLUMNS,
        count=lambda db: queries.count_apps(db, actor, wanted),
        total=lambda db: queries.count_apps(db, actor, AppFilter()),
        rows=lambda db: _rows(db, actor, numbers, wanted, sort),
        words=described,
    )
    return exporting.export(request, db, actor, what)


def _rows(db: Db, actor: Actor, numbers: Numbers, wanted: AppFilter, sort: str) -> Iterator[Sequence[str]]:
    for apps in queries.each_app(db, actor, wanted, sort, further=numbers.sorts(actor)):
        counted = numbers.count(db, actor, [app.id for app in apps])
        owners = names_and_addresses(db, {app.owner_id for app in apps if app.owner_id})
        for app in apps:
            _, address = owners.get(app.owner_id, _NOBODY) if app.owner_id else _NOBODY
            yield _row(app, address or app.owner_email, counted.get(app.id))


def _row(app: AppOut, owner_email: str, numbers: AppNumbers | None) -> Sequence[str]:
    counts = ("—", "—", "—") if numbers is None else (numbers.accounts, numbers.active, numbers.leavers)
    return (
        app.name, app.instance_name, status_word(app.status), app.vendor, app.category, app.url, app.owner, owner_email,
        app.cost_centre, *map(str, counts), app.notes, source_word(app.source),
        app.changed_at.isoformat(timespec="seconds"), str(app.id),
    )  # fmt: skip

"""People as a file: what the list shows and more, in the order of the list."""

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from fastapi import Request

from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Db
from app.people import queries, searching
from app.people.queries import PeopleFilter, PersonOut
from app.people.roster import Roster, roster_of
from app.people.wording import status_word, type_word
from app.web import exporting
from app.web.downloads import Download

COLUMNS = (
    "Name", "First name", "Last name", "E-mail", "Aliases", "Employee id", "Phone", "Type", "Status", "Job title", "Team",
    "Location", "Cost centre", "Manager", "Manager e-mail", "Start date", "Last day", "Left (UTC)", "Changed (UTC)", "Id",
)  # fmt: skip
_NOBODY = ("", "")


def export(request: Request, db: Db, actor: Actor, wanted: PeopleFilter, *, sort: str, words: str) -> Download:
    """The people that match, as a download; exporting is an event itself. ``words`` say the filter."""
    roster = roster_of(request)
    what = exporting.Exported(
        title="People",
        event=Event.PEOPLE_EXPORTED,
        columns=COLUMNS,
        count=lambda db: searching.count(db, actor, roster, wanted),
        total=lambda db: searching.count(db, actor, roster, PeopleFilter()),
        rows=lambda db: _rows(db, actor, roster, wanted, sort),
        words=words,
    )
    return exporting.export(request, db, actor, what)


def _rows(db: Db, actor: Actor, roster: Roster, wanted: PeopleFilter, sort: str) -> Iterator[Sequence[str]]:
    managers: dict[UUID, tuple[str, str]] = {}
    for people in queries.each_person(db, actor, roster, wanted, sort):
        new = {person.manager_id for person in people if person.manager_id} - managers.keys()
        managers |= queries.names_and_addresses(db, new)
        for person in people:
            yield _row(person, managers.get(person.manager_id, _NOBODY) if person.manager_id else _NOBODY)


def _row(person: PersonOut, manager: tuple[str, str]) -> Sequence[str]:
    return (
        person.display_name, person.given_name, person.family_name, person.email, ", ".join(person.aliases),
        person.employee_id, person.phone, type_word(person.type), status_word(person.status), person.job_title, person.team,
        person.location, person.cost_centre, *manager, _day(person.start_date), _day(person.leaving_date),
        person.left_at.isoformat(timespec="seconds") if person.left_at else "",
        person.changed_at.isoformat(timespec="seconds"), str(person.id),
    )  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""

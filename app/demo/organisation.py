"""The synthetic organisation as tables of text: 420 people, 130 apps, 2,600 accounts; the same at every run.

Choices come from a hash of what is chosen for, not from chance, so that a demonstration can be repeated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import TypeVar

from app.demo.names import APPS, FAMILY, GIVEN, LOCATIONS, SMALL_KINDS, SMALL_MAKERS, TEAMS

PEOPLE = 420
APP_COUNT = 130
ACCOUNTS = 2600
DOMAIN = "marlow-finch.example"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One invented person."""

    number: int
    given: str
    family: str
    email: str
    title: str
    team: str
    location: str
    kind: str
    start: date
    leaving: date | None
    manager_email: str


@dataclass(frozen=True, slots=True)
class DemoApp:
    """One app and who uses it."""

    name: str
    category: str
    status: str
    vendor: str
    owner_email: str


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account of one app."""

    app: str
    email: str
    name: str
    status: str
    last_login: date | None
    roles: tuple[str, ...]


def number(*what: object, below: int) -> int:
    """A number from 0, always the same for the same words."""
    return int.from_bytes(sha256("/".join(map(str, what)).encode()).digest()[:6], "big") % below


def pick(options: Sequence[T], *what: object) -> T:
    """One of the options, always the same for the same words."""
    return options[number(*what, below=len(options))]


def people(today: date) -> list[DemoPerson]:
    """Everyone, managers first; one in fourteen has left, a few are about to start or leave."""
    made: list[DemoPerson] = []
    seen: set[str] = set()
    for index in range(PEOPLE):
        given, family = pick(GIVEN, "given", index), pick(FAMILY, "family", index)
        local = f"{given}.{family}".lower()
        email = f"{local}{'' if local not in seen else index}@{DOMAIN}"
        seen.add(local)
        team = pick(tuple(TEAMS), "team", index)
        start = today - timedelta(days=30 + number("start", index, below=2500))
        if index % 70 == 69:  # a few start soon
            start = today + timedelta(days=7 + index % 20)
        leaving = _leaving(today, start, index)
        manager = made[number("manager", index, below=min(index, 40))].email if index else ""
        kind = "Contractor" if index % 11 == 10 else "Employee"  # about one in eleven
        title = pick(TEAMS[team], "title", index)
        made.append(
            DemoPerson(index, given, family, email, title, team, pick(LOCATIONS, index), kind, start, leaving, manager)
        )
    return made


def _leaving(today: date, start: date, index: int) -> date | None:
    if index % 14 == 13 and start < today:  # about one in fourteen has left
        return today - timedelta(days=1 + number("left", index, below=80))
    if index % 97 == 96:  # a few leave soon
        return today + timedelta(days=5 + index % 25)
    return None


def apps(everyone: Sequence[DemoPerson]) -> list[DemoApp]:
    """The register: thirty that everyone knows and a hundred small ones, most of them new and without an owner."""
    known = [(name, category, status) for name, category, status, _ in APPS]
    small = [
        (f"{maker} {kind}", kind, pick(("new", "new", "in_review", "accepted", "ignored"), maker, kind))
        for maker in SMALL_MAKERS
        for kind in SMALL_KINDS
    ]
    owners = [person for person in everyone[:60] if person.leaving is None]
    return [
        DemoApp(
            name, category, status, name.split()[0], pick(owners, "owner", name).email if status == "managed" else ""
        )
        for name, category, status in [*known, *small][:APP_COUNT]
    ]


def accounts(everyone: Sequence[DemoPerson], register: Sequence[DemoApp], today: date) -> list[DemoAccount]:
    """Accounts by each app's share of the people, filled up to the full count from the small apps that somebody looked at.

    Of those that are new nobody has told yet who uses them. Leavers keep some accounts.
    """
    shares = {name: share for name, _, _, share in APPS}
    made = [account for app in register for account in _of_app(app, shares.get(app.name, 0), everyone, today)]
    rest = [app for app in register if app.name not in shares and app.status in {"in_review", "accepted"}]
    index = 0
    taken = {(account.app, account.email) for account in made}
    while len(made) < ACCOUNTS:
        app, person = rest[index % len(rest)], everyone[number("fill", index, below=len(everyone))]
        index += 1
        if (app.name, person.email) not in taken:
            taken.add((app.name, person.email))
            made.append(_account(app, person, today))
    return made[:ACCOUNTS]


def _of_app(app: DemoApp, share: int, everyone: Sequence[DemoPerson], today: date) -> Iterator[DemoAccount]:
    for person in everyone:
        if person.start <= today and number("uses", app.name, person.number, below=100) < (
            share if share > 90 else share * 0.45
        ):
            if person.leaving and person.leaving < today and number("kept", app.name, person.number, below=3):
                continue
            yield _account(app, person, today)


def _account(app: DemoApp, person: DemoPerson, today: date) -> DemoAccount:
    quiet = number("quiet", app.name, person.number, below=10)
    days = (
        number("login", app.name, person.number, below=30)
        if quiet < 7
        else 95 + number("idle", person.number, below=200)
    )
    last = None if quiet == 9 else today - timedelta(days=days)  # one in ten never signed in
    if last and person.leaving and last > person.leaving:
        last = person.leaving
    roles = ("Admin",) if number("admin", app.name, person.number, below=25) == 0 else ("Member",)
    return DemoAccount(app.name, person.email, f"{person.given} {person.family}", "active", last, roles)

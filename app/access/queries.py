"""Reading accounts: lists, one account with what it holds, counts; only what the actor may see.

A list is one statement over never-NULL sort columns with an index each. What is sealed is searched by blind index, or by
the ids of people whom the roster found.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.access.models import Account, AccountState
from app.access.records import AccountOut, opened, select_accounts
from app.access.visibility import changeable, visible
from app.apps.models import App
from app.core import clock
from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.listing import Order, Page, Sort, page_of, read_cursor
from app.organisation.queries import get_organisation
from app.people.emails import email_index
from app.people.models import Person
from app.people.roster import Roster
from app.people.searching import find_by_words

SORTS: Mapping[str, Sort] = {
    "last_login": Sort(Account.last_login_at, datetime),
    "status": Sort(Account.status),
    "seen_from": Sort(Account.seen_from, datetime),
    "app": Sort(sa.func.lower(App.name)),
}
LATEST_LOGIN = "-last_login"
VIEWS = ("all", "leavers", "unused", "not-linked", "service", "gone")
VIEWS_OF_APP = ("all", "active", "unused", "leavers", "not-linked", "gone")
_BATCH = 1000
_MOST_PEOPLE = 2000

PRESENT = Account.seen_until.is_(None)
# A deactivated account lets nobody in: it is what a well-kept leaver has.
LEAVERS = PRESENT & (Person.status == "left") & (Account.status != "inactive")
UNLINKED = PRESENT & Account.person_id.is_(None) & (Account.kind == "user")
RESPONSIBLE = PRESENT & (Account.kind != "user")


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts; everything given must hold.

    ``q`` is a whole user name or e-mail address, or the name of one of ``people`` (ids that the roster found for it).
    ``as_of`` lists what was there at that moment, with no regard to what is there now; links are those of today.
    """

    view: str = ""
    app_id: UUID | None = None
    person_id: UUID | None = None
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    connection_ids: tuple[UUID, ...] = ()
    is_linked: bool | None = None
    is_leaver: bool | None = None
    is_unused: bool | None = None
    is_present: bool | None = None
    as_of: datetime | None = None
    q: str = ""
    people: tuple[UUID, ...] = ()


def find_people(db: Db, actor: Actor, roster: Roster, q: str) -> tuple[UUID, ...]:
    """The ids of people whose name or address holds these words, for ``AccountFilter.people``; the best few thousand."""
    return tuple(person.id for person in find_by_words(db, actor, roster, q, _MOST_PEOPLE)) if q else ()


def unused_before(db: Db) -> datetime:
    """Who has not signed in since this moment counts as not using an app: the organisation's threshold."""
    return clock.now() - timedelta(days=get_organisation(db).unused_after_days)


def unused(before: datetime) -> sa.ColumnElement[bool]:
    """Active accounts of people without a known sign-in since ``before``; younger accounts are left out."""
    return (
        PRESENT
        & (Account.status == "active")
        & (Account.kind == "user")
        & (Account.last_login_at < before)
        & (sa.func.coalesce(Account.created_in_app_at, before) <= before)
    )


def active(since: datetime) -> sa.ColumnElement[bool]:
    """Accounts with a known sign-in since then."""
    return PRESENT & (Account.last_login_at >= since)


def view_condition(view: str, before: datetime) -> sa.ColumnElement[bool]:
    """What a view asks of an account; an unknown view is the first one. ``before`` as for ``unused``."""
    return {
        "active": active(before),
        "leavers": LEAVERS,
        "unused": unused(before),
        "not-linked": UNLINKED,
        "service": RESPONSIBLE,
        "gone": ~PRESENT,
    }.get(view, PRESENT)


def list_accounts(db: Db, actor: Actor, wanted: AccountFilter, order: Order) -> Page[AccountOut]:
    """One page of accounts: first which, over narrow rows in the order of an index, then what is shown of them."""
    narrow = sa.select(Account.id).outerjoin(Person, Person.id == Account.person_id)
    narrow = narrow.where(*conditions(db, actor, wanted))
    if order.key == "app":
        narrow = narrow.join(App, App.id == Account.app_id).where(*_not_before(db, order))
    page = page_of(db, narrow, SORTS, order, key=Account.id)
    return page.map(lambda rows: _by_ids(db, [row.id for row in rows]))


def each_account(db: Db, actor: Actor, wanted: AccountFilter, sort: str) -> Iterator[AccountOut]:
    """All accounts that match, read as a stream: memory stays flat. ``sort`` is one that ``check_sort`` lets through."""
    order = Order(sort)
    direction = sa.desc if order.descending else sa.asc
    statement = select_accounts().where(*conditions(db, actor, wanted))
    ordered = statement.order_by(direction(SORTS[order.key].expression), direction(Account.id))
    for row in db.session.execute(ordered.execution_options(yield_per=_BATCH)):
        yield opened(db, row)


def check_sort(sort: str) -> None:
    """Refuse (``Invalid``) a sort that the list does not have, before a stream has begun."""
    if Order(sort).key not in SORTS:
        raise Invalid.field("sort", f"Sort by one of: {', '.join(SORTS)}.")


def count_accounts(db: Db, actor: Actor, wanted: AccountFilter) -> int:
    """How many accounts match."""
    counted = sa.select(sa.func.count()).select_from(Account).outerjoin(Person, Person.id == Account.person_id)
    return int(db.value(counted.where(*conditions(db, actor, wanted))))


def get_account(db: Db, actor: Actor, account_id: UUID) -> AccountOut:
    """One account. Refuses (``NotFound``) what the actor may not see."""
    row = db.row(select_accounts().where(Account.id == account_id, visible(actor)))
    if row is None:
        raise NotFound("There is no such account.")
    return opened(db, row)


def get_to_change(db: Db, actor: Actor, account_id: UUID) -> Account:
    """One account, locked, to be changed. Refuses (``NotFound``) the unseen, (``NotAllowed``) one in another's app."""
    statement = sa.select(Account, changeable(actor).label("may")).where(Account.id == account_id, visible(actor))
    row = db.row(statement.with_for_update(of=Account))
    if row is None:
        raise NotFound("There is no such account.")
    if not row.may:
        raise NotAllowed("You can change only accounts in the apps that you own.")
    account: Account = row.Account
    return account


def may_change(db: Db, actor: Actor, account_id: UUID) -> bool:
    """Whether the actor's rows let it change this account, given that it may change access at all."""
    return db.value(sa.select(sa.literal(1)).where(Account.id == account_id, changeable(actor))) is not None


def list_states(db: Db, account_id: UUID) -> Sequence[sa.Row[Any]]:
    """The statuses an account has had, newest first: status, seen_from, seen_until."""
    statement = sa.select(AccountState.status, AccountState.seen_from, AccountState.seen_until)
    return db.rows(statement.where(AccountState.account_id == account_id).order_by(AccountState.seen_from.desc()))


def search_accounts(db: Db, actor: Actor, q: str, limit: int) -> list[AccountOut]:
    """The accounts with exactly this user name or e-mail address, in any case."""
    wanted = AccountFilter(q=q, is_present=True)
    statement = select_accounts().where(*conditions(db, actor, wanted)).order_by(SORTS["app"].expression, Account.id)
    return [opened(db, row) for row in db.rows(statement.limit(limit))]


def conditions(db: Db, actor: Actor, wanted: AccountFilter) -> list[sa.ColumnElement[bool]]:
    """What the filter and the actor's rows ask of an account, its app and its person."""
    found = [visible(actor), *_chosen(db, wanted)]
    if wanted.view:
        found.append(view_condition(wanted.view, unused_before(db)))
    return found


def _by_ids(db: Db, ids: Sequence[UUID]) -> list[AccountOut]:
    rows = db.rows(select_accounts().where(Account.id == sa.any_(sa.cast(list(ids), sa.ARRAY(sa.Uuid)))))
    found = {row.id: opened(db, row) for row in rows}
    return [found[account_id] for account_id in ids]


def _not_before(db: Db, order: Order) -> Sequence[sa.ColumnElement[bool]]:
    """Lets PostgreSQL begin at the cursor's app: it does not see that from a comparison over two tables."""
    if order.cursor is None:
        return ()
    cursor = read_cursor(db.keys, order.cursor, order.sort)
    name = SORTS["app"].expression
    return (name <= cursor.value if order.descending != cursor.backwards else name >= cursor.value,)


def _chosen(db: Db, wanted: AccountFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for column, value in ((Account.app_id, wanted.app_id), (Account.person_id, wanted.person_id)):
        if value is not None:
            found.append(column == value)
    for choice, values in (
        (Account.status, wanted.statuses),
        (Account.kind, wanted.kinds),
        (Account.connection_id, wanted.connection_ids),
    ):
        if values:
            found.append(choice.in_(values))
    found += _flagged(db, wanted)
    if wanted.as_of is not None:
        found.append(_was_there(wanted.as_of))
    if wanted.q:
        found.append(_named(db, wanted))
    return found


def _flagged(db: Db, wanted: AccountFilter) -> list[sa.ColumnElement[bool]]:
    flags = (
        (wanted.is_linked, Account.person_id.is_not(None)),
        (wanted.is_leaver, sa.func.coalesce(LEAVERS, sa.false())),
        (wanted.is_unused, None if wanted.is_unused is None else unused(unused_before(db))),
        (wanted.is_present, PRESENT),
    )
    return [
        condition if flag else ~condition for flag, condition in flags if flag is not None and condition is not None
    ]


def _was_there(at: datetime) -> sa.ColumnElement[bool]:
    until = AccountState.seen_until
    state = sa.select(AccountState.account_id).where(AccountState.seen_from <= at, until.is_(None) | (until > at))
    return Account.id.in_(state)


def _named(db: Db, wanted: AccountFilter) -> sa.ColumnElement[bool]:
    exact = [
        Account.username_index == db.index(Account, "username", wanted.q),
        Account.email_index == email_index(db, wanted.q),
    ]
    if wanted.people:
        exact.append(Account.person_id == sa.any_(sa.cast(list(wanted.people), sa.ARRAY(sa.Uuid))))
    return sa.or_(*exact)

"""Reading accounts: lists, one account with what it holds, counts; only what the actor may see.

A list is two statements: which accounts, over never-NULL sort columns with an index each, and what is shown of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.access.filtering import AccountFilter, asked, conditions
from app.access.models import Account, AccountState
from app.access.records import AccountOut, opened, select_accounts
from app.access.visibility import changeable, visible
from app.apps.models import App
from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.listing import Keyset, Order, Page, Shape, Sort, narrowed
from app.core.permissions import Rows
from app.core.prepared import MOST_SHAPES, Prepared
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


def find_people(db: Db, actor: Actor, roster: Roster, q: str) -> tuple[UUID, ...]:
    """The ids of people whose name or address holds these words, for ``AccountFilter.people``; the best few thousand."""
    return tuple(person.id for person in find_by_words(db, actor, roster, q, _MOST_PEOPLE)) if q else ()


def list_accounts(db: Db, actor: Actor, wanted: AccountFilter, order: Order) -> Page[AccountOut]:
    """One page of accounts: first which, over narrow rows in the order of an index, then what is shown of them."""
    keyset = Keyset.of(db, SORTS, order)
    values = asked(db, actor, wanted)
    found = _page(actor.rows, tuple(values), keyset.shape).rows(db, {**values, **keyset.values})
    return keyset.page(db, found, key=Account.id).map(lambda rows: _by_ids(db, [row.id for row in rows]))


def each_account(db: Db, actor: Actor, wanted: AccountFilter, sort: str) -> Iterator[AccountOut]:
    """All accounts that match, read as a stream: memory stays flat. ``sort`` is one that ``check_sort`` lets through."""
    values = asked(db, actor, wanted)
    for row in _everything(actor.rows, tuple(values), sort).each(db, values):
        yield opened(db, row)


def check_sort(sort: str) -> None:
    """Refuse (``Invalid``) a sort that the list does not have, before a stream has begun."""
    if Order(sort).key not in SORTS:
        raise Invalid.field("sort", f"Sort by one of: {', '.join(SORTS)}.")


def count_accounts(db: Db, actor: Actor, wanted: AccountFilter) -> int:
    """How many accounts match."""
    values = asked(db, actor, wanted)
    return int(_count(actor.rows, tuple(values)).rows(db, values)[0].accounts)


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
    values = asked(db, actor, AccountFilter(q=q, is_present=True))
    matching = select_accounts().where(*conditions(actor.rows, values)).order_by(SORTS["app"].expression, Account.id)
    return [opened(db, row) for row in db.rows(matching.limit(limit), values)]


_OF_PEOPLE = sa.select(Account.id).outerjoin(Person, Person.id == Account.person_id)


@lru_cache(maxsize=MOST_SHAPES)
def _page(rows: Rows, names: tuple[str, ...], shape: Shape) -> Prepared:
    narrow = _OF_PEOPLE.where(*conditions(rows, names))
    if shape.sort == "app":
        narrow = narrow.join(App, App.id == Account.app_id).where(*_not_before(shape))
    return Prepared(narrowed(narrow, SORTS, shape, key=Account.id))


def _not_before(shape: Shape) -> Sequence[sa.ColumnElement[bool]]:
    """Lets PostgreSQL begin at the cursor's app: it does not see that from a comparison over two tables."""
    name, value = SORTS["app"].expression, sa.bindparam("page_value", type_=sa.String)
    if not shape.is_beyond:
        return ()
    return (name <= value if shape.is_down else name >= value,)


@lru_cache(maxsize=MOST_SHAPES)
def _everything(rows: Rows, names: tuple[str, ...], sort: str) -> Prepared:
    direction = sa.desc if Order(sort).descending else sa.asc
    by = (SORTS[Order(sort).key].expression, Account.id)
    return Prepared(select_accounts().where(*conditions(rows, names)).order_by(*map(direction, by)))


@lru_cache(maxsize=MOST_SHAPES)
def _count(rows: Rows, names: tuple[str, ...]) -> Prepared:
    counted = sa.select(sa.func.count().label("accounts")).select_from(Account)
    joined = counted.outerjoin(Person, Person.id == Account.person_id)
    return Prepared(joined.where(*conditions(rows, names)))


_SHOWN = Prepared(select_accounts().where(Account.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))))


def _by_ids(db: Db, ids: Sequence[UUID]) -> list[AccountOut]:
    found = {row.id: opened(db, row) for row in _SHOWN.rows(db, {"ids": list(ids)})}
    return [found[account_id] for account_id in ids]

"""Which accounts a list, a count or an export asks for, as SQL whose shape is a few names and whose values are parameters.

What is sealed is searched by blind index, or by the ids of people whom the roster found.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from app.access.models import NEVER, Account, AccountState
from app.access.visibility import visible_to
from app.core import clock
from app.core.actor import Actor
from app.core.database import Db
from app.core.permissions import Rows
from app.organisation.queries import get_organisation
from app.people.emails import email_index
from app.people.models import Person

Moment = datetime | sa.BindParameter[datetime]
_FIRST_KNOWN: Final = NEVER + timedelta(microseconds=1)

PRESENT: Final = Account.seen_until.is_(None)
# A deactivated account lets nobody in: it is what a well-kept leaver has.
LEAVERS: Final = PRESENT & (Person.status == "left") & (Account.status != "inactive")
UNLINKED: Final = PRESENT & Account.person_id.is_(None) & (Account.kind == "user")
RESPONSIBLE: Final = PRESENT & (Account.kind != "user")


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


def unused_before(db: Db) -> datetime:
    """Who has not signed in since this moment counts as not using an app: the organisation's threshold."""
    return clock.now() - timedelta(days=get_organisation(db).unused_after_days)


def unused(before: Moment) -> sa.ColumnElement[bool]:
    """Active accounts of people who last signed in before this moment; younger accounts are left out.

    An account whose source tells no sign-ins is not unused: nobody knows.
    """
    return (
        PRESENT
        & (Account.status == "active")
        & (Account.kind == "user")
        & (Account.last_login_at.between(_FIRST_KNOWN, before))
        & (sa.func.coalesce(Account.created_in_app_at, before) <= before)
    )


def active(since: Moment) -> sa.ColumnElement[bool]:
    """Accounts with a known sign-in since then."""
    return PRESENT & (Account.last_login_at >= since)


def view_condition(view: str, before: Moment) -> sa.ColumnElement[bool]:
    """What a view asks of an account; an unknown view is the first one. ``before`` as for ``unused``."""
    return {
        "active": active(before),
        "leavers": LEAVERS,
        "unused": unused(before),
        "not-linked": UNLINKED,
        "service": RESPONSIBLE,
        "gone": ~PRESENT,
    }.get(view, PRESENT)


def asked(db: Db, actor: Actor, wanted: AccountFilter) -> dict[str, Any]:
    """What is asked for, by the names of ``conditions``."""
    given: dict[str, Any] = {
        "me": actor.person_id if actor.rows is not Rows.ALL else None,
        "app_id": wanted.app_id,
        "person_id": wanted.person_id,
        "statuses": list(wanted.statuses) or None,
        "kinds": list(wanted.kinds) or None,
        "connection_ids": list(wanted.connection_ids) or None,
        "as_of": wanted.as_of,
        f"view {wanted.view}": wanted.view or None,
    }
    for name in ("is_linked", "is_leaver", "is_unused", "is_present"):
        flag: bool | None = getattr(wanted, name)
        given[name if flag else f"not {name}"] = flag if flag is None else True
    if wanted.q:
        given |= {
            "username_index": db.index(Account, "username", wanted.q),
            "address_index": email_index(db, wanted.q),
            "named_ids": list(wanted.people),
        }
    if wanted.view or wanted.is_unused is not None:
        given["before"] = unused_before(db)
    return {name: value for name, value in given.items() if value is not None}


def conditions(rows: Rows, names: Collection[str]) -> list[sa.ColumnElement[bool]]:
    """What SQL asks of an account and its person for values under these names, given by whoever sees ``rows``."""
    me = sa.bindparam("me", type_=sa.Uuid) if "me" in names else None
    views = (view_condition(name.removeprefix("view "), _BEFORE) for name in names if name.startswith("view "))
    return [visible_to(rows, me), *views, *(condition for name, condition in _CONDITIONS.items() if name in names)]


def _among(column: Any, name: str) -> sa.ColumnElement[bool]:
    among: sa.ColumnElement[bool] = column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(column.type)))
    return among


def _was_there() -> sa.ColumnElement[bool]:
    at, until = sa.bindparam("as_of", type_=sa.DateTime(timezone=True)), AccountState.seen_until
    state = sa.select(AccountState.account_id).where(AccountState.seen_from <= at, until.is_(None) | (until > at))
    return Account.id.in_(state)


_BEFORE: Final = sa.bindparam("before", type_=sa.DateTime(timezone=True))
_FLAGS: Final[Mapping[str, sa.ColumnElement[bool]]] = {
    "is_linked": Account.person_id.is_not(None),
    "is_leaver": sa.func.coalesce(LEAVERS, sa.false()),
    "is_unused": unused(_BEFORE),
    "is_present": PRESENT,
}
_CONDITIONS: Final[Mapping[str, sa.ColumnElement[bool]]] = {
    "app_id": Account.app_id == sa.bindparam("app_id"),
    "person_id": Account.person_id == sa.bindparam("person_id"),
    "statuses": _among(Account.status, "statuses"),
    "kinds": _among(Account.kind, "kinds"),
    "connection_ids": _among(Account.connection_id, "connection_ids"),
    "as_of": _was_there(),
    "named_ids": sa.or_(
        Account.username_index == sa.bindparam("username_index"),
        Account.email_index == sa.bindparam("address_index"),
        _among(Account.person_id, "named_ids"),
    ),
    **_FLAGS,
    **{f"not {name}": ~condition for name, condition in _FLAGS.items()},
}

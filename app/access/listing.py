"""A list of accounts as a page shows it: everywhere the same question from the address, the same rows, the same chips.

The whole organisation's list and the tab of an app differ only in what is fixed and which views they offer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from fastapi import Request

from app.access import queries
from app.access.counts import count_views
from app.access.filtering import AccountFilter
from app.access.records import AccountOut
from app.access.wording import KIND_CHOICES, KINDS, STATUS_CHOICES, VIEWS, status_tone, status_word
from app.core.actor import Actor
from app.core.database import Db
from app.core.listing import Order
from app.core.permissions import Permission
from app.people.roster import roster_of
from app.web.list_view import Filter, ListView, View
from app.web.sources import Source, source_of, sources_of

SIZE = 50
_MOST = 20
_LINKED = (("yes", "Known person"), ("no", "Nobody known"))
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account in a list, with where it comes from."""

    account: AccountOut
    status: str
    tone: str
    kind: str
    source: Source


@dataclass(frozen=True, slots=True)
class Question:
    """What a list asks: its views, and what is fixed (an app), besides what the address says."""

    path: str
    params: tuple[tuple[str, str], ...]
    views: Sequence[str]
    app_id: UUID | None = None

    @property
    def view(self) -> str:
        """The view that is asked for; the first one by default."""
        asked = next((value for name, value in self.params if name == "view"), "")
        return asked if asked in self.views else self.views[0]

    def every(self, key: str) -> tuple[str, ...]:
        """All values of a parameter."""
        return tuple(value[:320] for name, value in self.params if name == key)[:_MOST]

    def filter(self, request: Request, db: Db, actor: Actor) -> AccountFilter:
        """The accounts that are asked for. A value that no filter knows matches nothing."""
        q = next(iter(self.every("q")), "").strip()
        linked = self.every("linked")
        return AccountFilter(
            view=self.view, app_id=self.app_id, statuses=self.every("status"), kinds=self.every("kind"),
            connection_ids=_ids(self.every("source")), is_linked=linked[0] == "yes" if len(linked) == 1 else None,
            q=q, people=queries.find_people(db, actor, roster_of(request), q),
        )  # fmt: skip

    @property
    def words(self) -> str:
        """The question as a sentence, for the head of an export."""
        parts = [f"view {VIEWS[self.view]}"]
        parts += [
            f"{name} {value}" for name, value in self.params if name in {"status", "kind", "linked", "source", "q"}
        ]
        return "; ".join(parts)


def question_of(request: Request, path: str, views: Sequence[str], app_id: UUID | None = None) -> Question:
    """The question that this request's address asks of the list at ``path``."""
    return Question(path, tuple(request.query_params.multi_items()), views, app_id)


def list_of(
    request: Request, db: Db, actor: Actor, question: Question, *, sort: str, cursor: str | None
) -> tuple[ListView, Sequence[AccountRow]]:
    """One page of the list, and its rows with their sources."""
    wanted = question.filter(request, db, actor)
    page = queries.list_accounts(db, actor, wanted, Order(sort, cursor, SIZE))
    fixed = AccountFilter(app_id=question.app_id)
    counts = count_views(db, actor, question.views, question.app_id)
    is_plain = wanted == replace(fixed, view=wanted.view)
    total = counts[question.view] if is_plain else queries.count_accounts(db, actor, wanted)
    sources = sources_of(request, db)
    shown = ListView(
        path=question.path,
        params=question.params,
        noun="accounts",
        sort=sort,
        page=replace(page, total=total),
        views=tuple(View(key, VIEWS[key], counts[key]) for key in question.views),
        filters=_filters(actor, sources),
        search="User name, e-mail or person",
        size=SIZE,
    )
    return shown, rows_of(page.rows, sources)


def rows_of(accounts: Sequence[AccountOut], sources: Mapping[UUID, Source]) -> list[AccountRow]:
    """Accounts with their sources and words."""
    return [
        AccountRow(
            account=each,
            status=status_word(each.status),
            tone=status_tone(each.status),
            kind=KINDS[each.kind],
            source=source_of(sources, each.connection_id),
        )
        for each in accounts
    ]


def _filters(actor: Actor, sources: Mapping[UUID, Source]) -> tuple[Filter, ...]:
    found = [
        Filter("status", "Status", STATUS_CHOICES),
        Filter("kind", "Kind", KIND_CHOICES),
        Filter("linked", "Person", _LINKED),
    ]
    if sources and actor.may(Permission.CONNECTIONS_READ):
        found.append(Filter("source", "Source", tuple((str(key), source.name) for key, source in sources.items())))
    return tuple(found)


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    """Ids out of texts; what is no id matches no row."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            found.append(UUID(int=0))
    return tuple(found)

"""Accounts as a file: what the list shows, in the order of the list, each with its source and that source's age."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from fastapi import Request

from app.access import queries
from app.access.filtering import AccountFilter
from app.access.records import AccountOut
from app.access.wording import KINDS, LINKS, status_word
from app.core.actor import Actor
from app.core.audit import Event
from app.core.database import Db
from app.web import exporting
from app.web.downloads import Download
from app.web.sources import Source, source_of, sources_of

COLUMNS = (
    "App", "User name", "E-mail", "Display name", "Person", "Person's status", "How we know", "Kind", "Owner", "Status",
    "Last login (UTC)", "Created in the app (UTC)", "First seen (UTC)", "Gone since (UTC)", "Source", "Id",
)  # fmt: skip
_UNKNOWN = "—"


def export(request: Request, db: Db, actor: Actor, wanted: AccountFilter, *, sort: str, described: str) -> Download:
    """The accounts that match, as a download; exporting is an event itself. Refuses (``Invalid``) an unknown sort."""
    queries.check_sort(sort)
    sources = sources_of(request, db)
    what = exporting.Exported(
        title="Accounts",
        event=Event.ACCOUNTS_EXPORTED,
        columns=COLUMNS,
        count=lambda db: queries.count_accounts(db, actor, wanted),
        total=lambda db: queries.count_accounts(db, actor, AccountFilter()),
        rows=lambda db: _rows(db, actor, wanted, sort, sources),
        words=described,
    )
    return exporting.export(request, db, actor, what)


def _rows(
    db: Db, actor: Actor, wanted: AccountFilter, sort: str, sources: Mapping[UUID, Source]
) -> Iterator[Sequence[str]]:
    for account in queries.each_account(db, actor, wanted, sort):
        yield _row(account, source_of(sources, account.connection_id))


def _row(account: AccountOut, source: Source) -> Sequence[str]:
    return (
        account.app, account.username, account.email, account.display_name, account.person or _UNKNOWN,
        (account.person_status or _UNKNOWN).capitalize(), LINKS.get(account.linked_by, ""), KINDS.get(account.kind, account.kind),
        account.owner, status_word(account.status), _moment(account.last_login_at), _moment(account.created_in_app_at),
        _moment(account.seen_from), _moment(account.seen_until), source.name, str(account.id),
    )  # fmt: skip


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else _UNKNOWN

"""A row of accounts: the account, and what it holds: roles, groups and licences, several in one cell if need be."""

from collections.abc import Iterator, Mapping
from typing import Final

from connectors.csv_file.cells import as_moment, as_several, as_word, derived_id
from connectors.sdk.records import (
    Account,
    AccountKind,
    AccountStatus,
    Entitlement,
    EntitlementKind,
    Grant,
    Record,
    RecordRefused,
)

STATUSES: Final[dict[str, AccountStatus]] = {
    **dict.fromkeys(("active", "yes", "true", "1", "enabled", "ok", "live", "invited", "pending"), "active"),
    **dict.fromkeys(("suspended", "locked", "blocked", "paused", "onhold", "disabled"), "suspended"),
    **dict.fromkeys(("inactive", "no", "false", "0", "deactivated", "deleted", "removed", "archived"), "inactive"),
}
KINDS: Final[dict[str, AccountKind]] = {
    **dict.fromkeys(("user", "person", "human", "member", "personal", "standard", "regular", "guest"), "user"),
    **dict.fromkeys(("service", "serviceaccount", "bot", "api", "system", "integration", "application"), "service"),
    **dict.fromkeys(("shared", "sharedmailbox", "team", "generic", "functional"), "shared"),
}
_HELD: Final[tuple[EntitlementKind, ...]] = ("role", "group", "licence")


def read_account(cells: Mapping[str, str]) -> tuple[Record, ...]:
    """The account of one row, its entitlements and its grants; raises ``RecordRefused``."""
    get = cells.get
    email, username = get("email", ""), get("username", "")
    source_id = derived_id(username) or derived_id(email)
    if not source_id:
        raise RecordRefused("username", "is empty, and so is the e-mail address")
    account = Account(
        source_id=source_id,
        username=username,
        email=email,
        display_name=get("display_name", ""),
        status=as_word("status", get("status", ""), STATUSES, "active"),
        kind=as_word("kind", get("kind", ""), KINDS, "user"),
        last_login_at=as_moment("last_login_at", get("last_login_at", "")),
        created_at=as_moment("created_at", get("created_at", "")),
    )
    return account, *_holdings(source_id, cells)


def _holdings(account: str, cells: Mapping[str, str]) -> Iterator[Record]:
    for kind in _HELD:
        for name in as_several(cells.get(kind, "")):
            entitlement = f"{kind}:{derived_id(name)}"
            try:
                yield Entitlement(source_id=entitlement, kind=kind, name=name)
            except RecordRefused as refused:
                raise RecordRefused(kind, refused.reason) from None
            yield Grant(account=account, entitlement=entitlement)

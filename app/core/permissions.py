"""What can be permitted, what each role may do, whose rows it sees, what an API key may never do.

One enum, one table; every route names a permission and a test walks every route. Rights are looked up at each request,
never cached.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Permission(StrEnum):
    """``room:verb``. The text is stored in API keys' scopes: a name is never reused for something else."""

    ACCESS_LOG_READ = "access_log:read"
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    API_KEYS_OWN = "api_keys:own"
    APPS_READ = "apps:read"
    APPS_WRITE = "apps:write"
    CONNECTIONS_READ = "connections:read"
    CONNECTIONS_WRITE = "connections:write"
    ORGANISATION_READ = "organisation:read"
    ORGANISATION_WRITE = "organisation:write"
    OVERVIEW_READ = "overview:read"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    SELF = "self:manage"
    SYNCS_RUN = "syncs:run"
    TRAIL_READ = "trail:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"


P = Permission


class Rows(IntEnum):
    """Whose rows a role sees in lists, search, palette and export; a higher number sees more."""

    OWN = 0  # the person behind the user, and their accounts
    OWNED_APPS = 1  # also the apps they own, with accounts and people in them
    ALL = 2


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions and the rows they reach."""

    key: str
    label: str
    about: str
    permissions: frozenset[Permission]
    rows: Rows


_EVERYONE = {P.SELF, P.PEOPLE_READ, P.APPS_READ, P.ACCESS_READ}
_READ = _EVERYONE | {P.OVERVIEW_READ, P.CONNECTIONS_READ, P.ORGANISATION_READ, P.USERS_READ}
_TRAIL = {P.TRAIL_READ, P.ACCESS_LOG_READ}
_INVENTORY = {P.APPS_WRITE, P.PEOPLE_WRITE, P.ACCESS_WRITE}
_CONNECT = {P.CONNECTIONS_WRITE, P.SYNCS_RUN}

OWNER = "owner"
ROLES: dict[str, Role] = {
    role.key: role
    for role in (
        Role(OWNER, "Owner", "Everything, and the only one who makes owners", frozenset(Permission), Rows.ALL),
        Role("administrator", "Administrator", "Everything except owners", frozenset(Permission), Rows.ALL),
        Role(
            "it", "IT", "Apps, people, access and connections",
            frozenset(_READ | _INVENTORY | _CONNECT | {P.API_KEYS_OWN}), Rows.ALL,
        ),
        Role(
            "security", "Security", "Reads everything, with the trail; changes apps and access",
            frozenset(_READ | _TRAIL | {P.APPS_WRITE, P.ACCESS_WRITE, P.SYNCS_RUN, P.API_KEYS_OWN}), Rows.ALL,
        ),
        Role("finance", "Finance", "Reads the inventory; changes apps", frozenset(_READ | {P.APPS_WRITE}), Rows.ALL),
        Role(
            "app_owner", "App owner", "Their own apps, and the accounts in them",
            frozenset(_EVERYONE | {P.APPS_WRITE, P.ACCESS_WRITE, P.OVERVIEW_READ}), Rows.OWNED_APPS,
        ),
        Role("auditor", "Auditor", "Reads everything, with the trail; changes nothing", frozenset(_READ | _TRAIL), Rows.ALL),
        Role("employee", "Employee", "Their own record and accounts", frozenset(_EVERYONE), Rows.OWN),
    )
}  # fmt: skip

# Only a signed-in session may use these: a leaked key must not make itself stronger or lock people out.
SESSION_ONLY: frozenset[Permission] = frozenset({P.API_KEYS_OWN, P.SELF, P.USERS_WRITE, P.ORGANISATION_WRITE})


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """All that the roles permit; an unknown role permits nothing."""
    return frozenset().union(*(ROLES[role].permissions for role in roles if role in ROLES))


def rows_of(roles: Iterable[str]) -> Rows:
    """The widest rows that any of the roles sees."""
    return max((ROLES[role].rows for role in roles if role in ROLES), default=Rows.OWN)

"""The menu: every page that exists, with the permission that opens it.

What a role cannot use is absent, never greyed. Depth never exceeds list, record, tab.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the menu; ``icon`` is a lucide name or ""."""

    label: str
    href: str
    icon: str
    permission: str

    def holds(self, path: str) -> bool:
        """Whether ``path`` is this page or lies below it."""
        return path == self.href or (self.href != "/" and path.startswith(self.href + "/"))


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Lines under one heading, which may be empty. Never a collapsing menu."""

    label: str
    items: tuple[NavItem, ...]


GROUPS = (
    NavGroup("", (NavItem("Overview", "/", icon="layout-dashboard", permission="overview:read"),)),
    NavGroup(
        "Inventory",
        (
            NavItem("Apps", "/apps", icon="layout-grid", permission="apps:read"),
            NavItem("People", "/people", icon="users", permission="people:read"),
            NavItem("Access", "/access/accounts", icon="key-round", permission="access:read"),
        ),
    ),
    NavGroup("Automation", (NavItem("Integrations", "/integrations", icon="plug", permission="connections:read"),)),
    NavGroup(
        "Assurance",
        (
            NavItem("Access log", "/access-log", icon="log-in", permission="access_log:read"),
            NavItem("Audit trail", "/audit-trail", icon="scroll-text", permission="trail:read"),
        ),
    ),
)

SETTINGS = (
    NavItem("Organisation", "/settings/organisation", icon="building-2", permission="organisation:write"),
    NavItem("Users", "/settings/users", icon="user-cog", permission="users:read"),
    NavItem("Sessions", "/settings/sessions", icon="monitor-smartphone", permission="self:manage"),
    NavItem("Security", "/settings/security", icon="shield-check", permission="self:manage"),
    NavItem("API keys", "/settings/api-keys", icon="key-square", permission="api_keys:own"),
    NavItem("API", "/settings/api", icon="braces", permission="self:manage"),
)


def groups_for(permissions: Collection[str]) -> tuple[NavGroup, ...]:
    """The menu of someone with these permissions; a group without items is absent."""
    cut = (NavGroup(group.label, _open(group.items, permissions)) for group in GROUPS)
    return tuple(group for group in cut if group.items)


def settings_for(permissions: Collection[str]) -> tuple[NavItem, ...]:
    """The settings pages of someone with these permissions."""
    return _open(SETTINGS, permissions)


def _open(items: tuple[NavItem, ...], permissions: Collection[str]) -> tuple[NavItem, ...]:
    return tuple(item for item in items if item.permission in permissions)

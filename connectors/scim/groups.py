"""SCIM groups (RFC 7643 §4.2): each is an entitlement, and each member a grant.

A group within a group is an entitlement of its own and not expanded: that membership is skipped and counted. Servers
that do not say what a member is leave it to be taken for a user.
"""

from functools import partial
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from connectors.scim.listing import read_page
from connectors.sdk.client import Client
from connectors.sdk.connector import Page, Stream
from connectors.sdk.fields import Config
from connectors.sdk.pages import Gather
from connectors.sdk.records import Entitlement, Grant, Record

Text = str | int | None


class Member(Struct, frozen=True):
    """One member, by id."""

    value: Text = None
    type: Text = None
    ref: Text = field(name="$ref", default=None)

    @property
    def is_group(self) -> bool:
        """Whether it is said to be a group, by its type or its address."""
        return str(self.type).lower() == "group" or (not self.type and "/groups/" in str(self.ref).lower())


class Group(Struct, frozen=True):
    """A group as servers really send it."""

    id: Text = None
    display_name: Text = field(name="displayName", default=None)
    members: list[Member | None] | None = None


def fetch(client: Client, config: Config, cursor: str | None) -> Page:
    """One page of groups with their members."""
    nested: list[str] = []
    gather = Gather(kind="entitlement", into=Group, read=partial(read_group, nested=nested))
    return replace(read_page(client, config, cursor, "Groups", gather), skipped=len(nested))


def read_group(group: Group, nested: list[str]) -> tuple[Record, ...]:
    """The entitlement and its grants; the ids of groups within it are added to ``nested``."""
    source_id = "" if group.id is None else str(group.id)
    name = "" if group.display_name is None else str(group.display_name)
    entitlement = Entitlement(source_id=source_id, kind="group", name=name)
    grants: dict[str, Grant] = {}
    for member in filter(None, group.members or ()):
        account = "" if member.value is None else str(member.value)
        if member.is_group:
            nested.append(account)
        else:
            grants[account] = Grant(account=account, entitlement=source_id)
    return entitlement, *grants.values()


def is_read(config: Config) -> bool:
    """Whether this connection reads groups."""
    return config.flag("has_groups")


STREAM: Final = Stream(
    key="groups", name="Groups", kinds=frozenset({"entitlement", "grant"}), fetch=fetch, is_read=is_read
)

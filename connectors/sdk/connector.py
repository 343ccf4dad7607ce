"""What a connector is: a declaration, and one small file per kind of record.

A connector that syncs has ``streams``, read one after the other. ``fetch`` takes the cursor of the page before (None
for the first) and returns one frozen ``Page``; the cursor is opaque text, so the app stores it with the page and may
go on in another process. A connector that imports files has ``targets`` instead. What a connector can do is derived
from what it has, never declared.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from msgspec import Struct

from connectors.sdk.client import Client
from connectors.sdk.fields import Config, Field, Value
from connectors.sdk.records import Kind, Problem, Record
from connectors.sdk.redaction import Secret

Capability = Literal["people", "accounts", "entitlements", "grants", "apps", "sync", "import", "test"]
_GIVES: Final[dict[Kind, Capability]] = {
    "person": "people",
    "account": "accounts",
    "entitlement": "entitlements",
    "grant": "grants",
    "app": "apps",
}


class Page(Struct, frozen=True, kw_only=True):
    """One page of a stream.

    ``next`` is the cursor of the page after it, None at the end. ``items`` counts what the other system sent, in the
    unit that ``total`` (what it says there is in all, None when it does not say) counts; ``asked`` is how many it was asked
    for. ``skipped`` counts what was understood and left out on purpose.
    """

    records: tuple[Record, ...]
    next: str | None
    items: int
    total: int | None = None
    asked: int | None = None
    problems: tuple[Problem, ...] = ()
    skipped: int = 0


class Stream(Struct, frozen=True, kw_only=True):
    """One list of the other system. ``may_be_empty`` is no where an empty list can only be a mistake."""

    key: str
    name: str
    kinds: frozenset[Kind]
    fetch: Callable[[Client, Config, str | None], Page]
    is_read: Callable[[Config], bool] = lambda _config: True
    may_be_empty: bool = True


class Target(Struct, frozen=True, kw_only=True):
    """Something a file can be imported as."""

    key: str
    name: str
    kinds: frozenset[Kind]


class Permission(Struct, frozen=True):
    """What the other system's administrator must permit, and what we do with it."""

    name: str
    reason: str


class Connector(Struct, frozen=True, kw_only=True):
    """The declaration. ``check`` asks the other system for as little as shows that a sync will work, or raises."""

    key: str
    name: str
    summary: str
    fields: tuple[Field, ...]
    permissions: tuple[Permission, ...] = ()
    streams: tuple[Stream, ...] = ()
    targets: tuple[Target, ...] = ()
    check: Callable[[Client, Config], None] | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do, from what it has."""
        kinds = frozenset[Kind]().union(*(part.kinds for part in self.streams), *(part.kinds for part in self.targets))
        can: dict[Capability, object] = {"sync": self.streams, "import": self.targets, "test": self.check}
        return frozenset({_GIVES[kind] for kind in kinds} | {name for name, has in can.items() if has})

    def config(self, values: Mapping[str, Value], secrets: Mapping[str, Secret] | None = None) -> Config:
        """The settings of one connection as the streams read them."""
        return Config(self.fields, values, secrets)

    def streams_of(self, config: Config) -> tuple[Stream, ...]:
        """The streams that this connection reads, in order."""
        return tuple(stream for stream in self.streams if stream.is_read(config))

"""A whole sync of the SCIM connector, as the app runs it: repeats counted by what is staged."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.scim.declaration import CONNECTOR
from connectors.sdk.client import Client
from connectors.sdk.http import Http
from connectors.sdk.integrity import Checkpoint, Sound, Unsound, judge
from connectors.sdk.records import Account, Problem, Record, identity, kind_of
from connectors.sdk.redaction import Secret
from tests.peers.broken_scim import BrokenPeer


@dataclass
class Run:
    """What a sync brought and what was concluded from it."""

    verdict: Sound | Unsound
    records: list[Record]
    problems: list[Problem]
    checkpoint: Checkpoint
    waits: list[float] = field(default_factory=list)

    @property
    def accounts(self) -> list[str]:
        return [record.source_id for record in self.records if isinstance(record, Account)]

    @property
    def reasons(self) -> str:
        return " ".join(self.verdict.reasons) if isinstance(self.verdict, Unsound) else ""


Sync = Callable[..., Run]


def run(http: Http, peer: BrokenPeer, **settings: Any) -> Run:
    waits: list[float] = []
    client = Client(http, sleep=waits.append)
    values = {"base_url": peer.url, "page_size": 2, "has_groups": False} | settings
    config = CONNECTOR.config(values, {"token": Secret(peer.token)})
    streams = CONNECTOR.streams_of(config)
    checkpoint, staged = Checkpoint(), dict[tuple[str, str], Record]()
    problems: list[Problem] = []
    while upcoming := checkpoint.upcoming(streams):
        stream, cursor = upcoming
        page = stream.fetch(client, config, cursor)
        fresh = {(kind_of(record), identity(record)): record for record in page.records}
        duplicates = len(page.records) - len(fresh.keys() - staged.keys())
        staged |= fresh
        problems += page.problems
        checkpoint = checkpoint.passed(stream.key, page, duplicates=duplicates)
    return Run(judge(streams, checkpoint.facts), list(staged.values()), problems, checkpoint, waits)

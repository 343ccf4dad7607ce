"""How long a sync takes: ``python -m tests.benchmarks.sync --users 10000``. Prints a table; nothing passes or fails.

A real SCIM server and a real PostgreSQL, on this machine. "Merge" is everything after the last page: verdict, merge,
lifecycle, links, events. CPU is that of this process, so that a busy machine does not spoil the figures.
"""

import argparse
import resource
import sys
import time
from uuid import UUID

import httpx2
import msgspec

from app.connections.models import Counts
from tests.benchmarks.installation import fresh
from tests.connections.harness import Bench
from tests.peers.scim import Peer, start, user_id

_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def main() -> None:
    """Measure a first run, an unchanged one, and one with every hundredth user changed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=10_000)
    options.add_argument("--groups", type=int, default=50)
    options.add_argument("--postgres", type=int, default=18)
    given = options.parse_args()
    with fresh(given.postgres) as bench, start(users=given.users, groups=given.groups) as peer:
        _measure(bench, peer, given.users)


def _measure(bench: Bench, peer: Peer, users: int) -> None:
    connection_id = bench.connect(peer, settings={"page_size": 500})
    sys.stdout.write(f"{'run':<12}{'read s':>9}{'merge s':>9}{'CPU s':>8}{'peak MB':>9}  counts\n")
    _run(bench, peer, connection_id, "first")
    _run(bench, peer, connection_id, "unchanged")
    _change(peer, users)
    _run(bench, peer, connection_id, "1 % changed")


def _run(bench: Bench, peer: Peer, connection_id: UUID, name: str) -> None:
    cpu = time.process_time()
    sync = bench.sync(connection_id, peer)
    cpu = time.process_time() - cpu
    if sync.state != "done" or sync.sync.verdict != "sound":
        raise SystemExit(f"{name}: {sync.state} {sync.facts}")
    assert sync.sync.started_at
    assert sync.sync.read_at
    assert sync.sync.finished_at
    read = (sync.sync.read_at - sync.sync.started_at).total_seconds()
    merge = (sync.sync.finished_at - sync.sync.read_at).total_seconds()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{name:<12}{read:>9.2f}{merge:>9.2f}{cpu:>8.2f}{peak:>9.0f}  {_shown(sync.facts.counts)}\n")


def _shown(counts: dict[str, Counts]) -> str:
    return "; ".join(f"{kind} {msgspec.to_builtins(counted)}" for kind, counted in counts.items())


def _change(peer: Peer, users: int) -> None:
    """Give every hundredth user another title."""
    headers = {"Authorization": f"Bearer {peer.token}", "Content-Type": "application/scim+json"}
    with httpx2.Client(headers=headers, timeout=60) as client:
        for number in range(0, users, 100):
            operation = {"op": "replace", "path": "title", "value": "Promoted"}
            body = {"schemas": [_SCHEMA], "Operations": [operation]}
            client.patch(f"{peer.url}/Users/{user_id(number)}", json=body).raise_for_status()


if __name__ == "__main__":
    main()

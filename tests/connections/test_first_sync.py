"""Syncs of a real SCIM server."""

from tests.connections.harness import Bench
from tests.peers.scim import Peer


def test_a_first_sync_brings_people_accounts_groups_and_members(bench: Bench, scim: Peer) -> None:
    connection = bench.connect(scim)
    result = bench.sync(connection, scim)
    assert (result.state, result.sync.verdict) == ("done", "sound"), result.facts
    assert bench.present() == {"active": 18, "left": 2, "accounts": 20, "entitlements": 3, "grants": 20}

"""What a person is shown before a decision leads somewhere, and the trail says who decided."""

from app.connections import runs
from app.connections.models import Connection, Sync
from app.connections.vanishing import names_of
from tests.connections.directory import directory, hold, users
from tests.connections.harness import ADMIN, Bench
from tests.inventory import Asking, application, asking, events, front_end, sources

__all__ = ["application", "asking", "front_end", "sources"]  # the pages of people and accounts


def test_each_name_of_what_would_be_removed_leads_to_its_page(bench: Bench, asking: Asking) -> None:
    with directory(users(*range(12))) as peer:
        connection = bench.connect(peer, settings={"is_directory": True})
        assert bench.sync(connection, peer).state == "done"
        hold(peer, users(1))
        result = bench.sync(connection, peer)
    assert result.state == "waiting_approval"
    with bench.database.transaction() as db:
        named = {removal.kind: names_of(db, removal) for removal in result.facts.removals}
        leavers = [person for kind in ("person", "leaver") for person in named.get(kind, [])]
    assert len(named["account"]) == 11
    assert leavers
    client = asking()
    for name, address in [*named["account"], *leavers]:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert name in answer.text


def test_who_stops_a_sync_is_told_whether_it_waits_or_runs(bench: Bench) -> None:
    with directory(users(1)) as peer:
        connection_id = bench.connect(peer)
    for state in ("queued", "running"):
        sync_id = bench.request(connection_id)
        with bench.database.transaction() as db:
            connection, sync = db.find(Connection, connection_id, lock=True), db.find(Sync, sync_id, lock=True)
            assert connection is not None
            assert sync is not None
            sync.state = state
            runs.stop_sync(db, ADMIN, connection, sync)
        with bench.database.transaction() as db:
            action, facts = events(db)[-1]
        assert facts.actor == ADMIN.label
        assert facts.detail["sync"] == str(sync_id)
        assert action == {"queued": "sync.finished", "running": "sync.stop_requested"}[state]

"""Servers that take a connection and never answer: they cost their own syncs something, and nobody else's."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.connections import runs
from app.connections.imports.clearing import CLEAR
from app.connections.models import Connection, Sync
from app.core.jobs import Runtime, enqueue
from app.core.outgoing.outbound import Outbound
from tests.builders import make_app
from tests.conftest import TEMPLATE
from tests.connections.directory import directory, users
from tests.connections.harness import ADMIN, Bench
from tests.connections.test_fencing import _until
from tests.drills.sync_kills import open_database, settings_of, worker
from tests.peers.broken_scim import Answer, Asked, BrokenPeer, serving
from tests.postgres import Server

_MORE_THAN_RUN_AT_ONCE = 10


@contextmanager
def hanging() -> Iterator[BrokenPeer]:
    """A server that answers nobody before the block ends."""
    over = Event()

    def behave(_: Asked) -> Answer:
        over.wait()
        return Answer(is_cut=True)

    with serving(behave) as peer:
        try:
            yield peer
        finally:
            over.set()


@dataclass
class Site:
    """An installation with many connections to a server that hangs and one to a server that does not."""

    bench: Bench
    hung: BrokenPeer
    stuck: list[UUID]
    connections: list[UUID]
    healthy: UUID

    def test(self) -> UUID:
        """Ask for a test of the healthy connection."""
        with self.bench.database.transaction() as db:
            connection = db.find(Connection, self.healthy, lock=True)
            assert connection is not None
            return runs.request_test(db, ADMIN, connection).id

    def stop(self, number: int) -> None:
        """Stop a sync that hangs."""
        with self.bench.database.transaction() as db:
            connection = db.find(Connection, self.connections[number], lock=True)
            sync = db.find(Sync, self.stuck[number], lock=True)
            assert connection is not None
            assert sync is not None
            runs.stop_sync(db, ADMIN, connection, sync)

    def states(self) -> list[str]:
        """How the syncs that hang stand."""
        return [self.bench.result(sync_id).state for sync_id in self.stuck]


@pytest.fixture
def site(postgres: Server) -> Iterator[Site]:
    name = "hanging_sources"
    postgres.create_database(name, TEMPLATE)
    database = open_database(postgres, name)
    with tempfile.TemporaryDirectory() as folder, hanging() as hung, directory(users(1, 2)) as peer:
        settings = settings_of(postgres, name, hung, Path(folder))  # type: ignore[arg-type]
        hosts = tuple(urlsplit(each.url).netloc for each in (hung, peer))
        bench = Bench(database, settings.model_copy(update={"allowed_internal_hosts": hosts}))
        with database.transaction() as db:
            app_id = make_app(db)
        healthy = bench.connect(peer, app_id=app_id)
        connections = [
            bench.connect(hung, name=f"Hanging {number}", app_id=app_id, decides=False)
            for number in range(_MORE_THAN_RUN_AT_ONCE)
        ]
        yield Site(bench, hung, [bench.request(each) for each in connections], connections, healthy)
        bench.close()
    database.close()
    postgres.drop_database(name)


def test_servers_that_hang_hold_up_only_their_own_syncs(site: Site) -> None:
    """No answer comes from them before the end of this test, so whatever happens did not wait for one."""
    bench = site.bench
    with worker(bench.settings) as running:
        _until(lambda: site.states().count("running") >= len(site.stuck) - 2)
        tested, synced = site.test(), bench.request(site.healthy)
        with bench.database.transaction() as db:
            enqueue(db, CLEAR)
        _until(lambda: bench.result(tested).state == "done" and not _waiting(bench, CLEAR.name))
        for number in range(3):
            site.stop(number)
        _until(lambda: site.states()[:3] == ["stopped"] * 3)
        _until(lambda: bench.result(synced).state == "done")
        os.kill(running, signal.SIGTERM)
        _until(lambda: set(site.states()[3:]) == {"queued"})


def test_a_server_that_does_not_answer_in_time_is_asked_twice_and_then_left_for_later(bench: Bench) -> None:
    with hanging() as peer, Outbound([urlsplit(peer.url).netloc], patience=0.2) as outbound:
        sync_id = bench.request(bench.connect(peer))
        _carry_out(bench, outbound, sync_id)
        result = bench.result(sync_id)
    assert (result.state, result.sync.attempts) == ("queued", 1)
    assert "in time" in result.facts.error
    assert len(peer.asked) == 2


def _carry_out(bench: Bench, outbound: Outbound, sync_id: UUID) -> None:
    from app.connections.sync import run

    extras: dict[str, Any] = {"outbound": outbound}
    run(Runtime(bench.settings, bench.database, extras), sync_id=str(sync_id))


def _waiting(bench: Bench, job: str) -> int:
    with bench.database.transaction(read_only=True) as db:
        return int(db.value(sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :job"), {"job": job}))

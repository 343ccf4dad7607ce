"""Workers that are killed while they sync: every sync resumes, nothing is lost or doubled.

``run(kills=200)`` starts a directory and a database of its own and kills a real worker (the queue, its heartbeat and its
reaper included, only faster) at random moments of syncs until it was hit so often. Between syncs the directory changes. In
the end the database must equal one that was filled by a sync which nobody disturbed. ``python -m tests.drills.sync_kills``
prints what happened.
"""

import multiprocessing
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partialmethod
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import sqlalchemy as sa
from pydantic import SecretStr

from app.access.models import Account, AccountFacts, Entitlement, EntitlementFacts, Grant
from app.core import logs
from app.core.audit import EventRow
from app.core.data_keys import load
from app.core.database import Database
from app.core.settings import Settings
from app.people.models import PersonRecord, RecordFacts
from tests.connections.harness import Bench, Result
from tests.peers.scim import Peer, group_id, start, user_id
from tests.postgres import Server

HEARTBEAT = 0.15
STALLED_AFTER = 0.6
PATIENCE = 4.0
POLL = 0.1  # how soon a worker sees that a job was put back, of which it is not told
PAGE = 4
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_WITHIN = 60.0
_LONGEST = 700  # milliseconds; a sync of the drill takes about as long
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__, "app.worker"])  # all that a worker imports: it starts at once


@dataclass
class Report:
    """What happened."""

    kills: int = 0
    syncs: int = 0
    while_running: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        state = "; ".join(self.differences) or "nothing lost or doubled"
        return f"{self.kills} kills, {self.while_running} of them while a sync ran, over {self.syncs} syncs: {state}"


@contextmanager
def worker(settings: Settings, *, stalled_after: float = STALLED_AFTER) -> Iterator[int]:
    """A real worker in a process of its own, its id; killed at the end if it still lives."""
    process = _PROCESSES.Process(target=work, args=(settings, stalled_after), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        yield process.pid
    finally:
        process.kill()  # SIGKILL
        process.join()


def settings_of(server: Server, name: str, peer: Peer, folder: Path) -> Settings:
    """The settings of a worker for this database, which may call the peer."""
    from tests.conftest import MASTER

    key = folder / "key"
    key.touch(0o600)
    from base64 import urlsafe_b64encode

    key.write_text("stackwarden-key-1:" + urlsafe_b64encode(MASTER._secret).decode())
    return Settings(
        data_dir=folder / "data", key_file=key, database_url=SecretStr(server.url("app", name)),
        allowed_internal_hosts=(urlsplit(peer.url).netloc,), log_level="error",
    )  # fmt: skip


def run(server: Server, template: str, *, kills: int, users: int = 40, groups: int = 4) -> Report:
    """Kill workers so often; what came of it. ``template`` is a migrated database of ``server``."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder, start(users=users, groups=groups) as peer:
        disturbed = _Estate(server, "disturbed", template, peer, Path(folder))
        calm = _Estate(server, "calm", template, peer, Path(folder))
        try:
            while report.kills < kills:
                _sync_under_fire(disturbed, report, kills)
                calm.bench.sync(calm.connection, peer)
                report.differences += _differences(disturbed, calm, report.syncs)
                if report.differences:
                    break
                _change(peer, users, report.syncs)
        finally:
            disturbed.close()
            calm.close()
    return report


class _Estate:
    """A database with a connection to the directory."""

    def __init__(self, server: Server, name: str, template: str, peer: Peer, folder: Path) -> None:
        self.server, self.name = server, name
        server.create_database(name, template)
        self.settings = settings_of(server, name, peer, folder)
        logs.configure(self.settings)
        self.database = open_database(server, name)
        self.bench = Bench(self.database, self.settings)
        self.connection = self.bench.connect(peer, settings={"page_size": PAGE}, removal_percent=100)

    def close(self) -> None:
        self.bench.close()
        self.database.close()
        self.server.drop_database(self.name)


def open_database(server: Server, name: str) -> Database:
    """The database as the application opens it."""
    from tests.conftest import MASTER

    url = server.url("app", name)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        keys = load(connection, MASTER)
    engine.dispose()
    return Database(url, keys)


def _sync_under_fire(estate: _Estate, report: Report, kills: int) -> None:
    """Ask for a sync and kill one worker after the other, each some moments after it has claimed the sync."""
    sync_id = estate.bench.request(estate.connection)
    report.syncs += 1
    fence, state = 0, "queued"
    while state in {"queued", "running"}:
        with worker(estate.settings) as pid:
            claimed = _wait(estate.bench, sync_id, _WITHIN, beyond=fence)
            if claimed.sync.fence <= fence and claimed.state in {"queued", "running"}:
                report.differences.append(f"sync {report.syncs} was not resumed within {_WITHIN:.0f} seconds")
                return
            fence = claimed.sync.fence
            patience = secrets.randbelow(_LONGEST) / 1000 if report.kills < kills else _WITHIN
            state = _wait(estate.bench, sync_id, patience).state
            os.kill(pid, signal.SIGKILL)
        report.kills += state in {"queued", "running"}
        report.while_running += state == "running"
    if state != "done":
        report.differences.append(f"sync {report.syncs} ended as {estate.bench.result(sync_id).facts}")


def _wait(bench: Bench, sync_id: UUID, patience: float, *, beyond: int | None = None) -> Result:
    """Until the run is over or, when asked so, claimed with a newer number; at most so many seconds."""
    until = time.monotonic() + patience
    while True:
        result = bench.result(sync_id)
        is_claimed = beyond is not None and result.sync.fence > beyond
        if is_claimed or result.state not in {"queued", "running"} or time.monotonic() > until:
            return result
        time.sleep(0.01)


def _change(peer: Peer, users: int, round_: int) -> None:
    """Another title for some, one more inactive, somebody out of a group."""
    headers = {"Authorization": f"Bearer {peer.token}", "Content-Type": "application/scim+json"}
    with httpx2.Client(base_url=peer.url, headers=headers, timeout=60) as client:
        for number in range(round_ % 5, users, 5):
            _patch(client, f"/Users/{user_id(number)}", "replace", "title", f"Title {round_}")
        _patch(client, f"/Users/{user_id(round_ % users)}", "replace", "active", bool(round_ % 2))
        members = [{"value": user_id(number), "type": "User"} for number in range(round_ % 3, users, 3)]
        _patch(client, f"/Groups/{group_id(round_ % 3)}", "replace", "members", members)


def _patch(client: httpx2.Client, path: str, op: str, name: str, value: Any) -> None:
    body = {"schemas": [_PATCH], "Operations": [{"op": op, "path": name, "value": value}]}
    client.patch(path, json=body).raise_for_status()


def _differences(disturbed: _Estate, calm: _Estate, syncs: int) -> list[str]:
    ours, theirs = shown(disturbed.database), shown(calm.database)
    wrong = [f"{name} differ after sync {syncs}" for name in ours if ours[name] != theirs[name]]
    with disturbed.database.transaction(read_only=True) as db:
        finished = db.value(sa.select(sa.func.count()).where(EventRow.action == "sync.finished"))
        left = db.value(sa.text("SELECT count(*) FROM staged_records"))
    if finished != syncs:
        wrong.append(f"{finished} events for {syncs} syncs")
    return [*wrong, f"{left} staged records left"] if left else wrong


def shown(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What is stored, without ids and moments: the same for every database that was filled from one directory."""
    with database.transaction() as db:
        people = [
            (
                db.open(RecordFacts, PersonRecord, row.id, row.sealed),
                row.status,
                row.seen_until is None,
                row.person_status,
            )
            for row in db.rows(
                sa.text(
                    "SELECT r.*, p.status AS person_status FROM person_records r JOIN people p ON p.id = r.person_id"
                )
            )
        ]
        accounts = {
            row.id: (
                db.open(AccountFacts, Account, row.id, row.sealed),
                row.status,
                row.linked_by,
                row.seen_until is None,
            )
            for row in db.rows(sa.select(Account.__table__))
        }
        names = {
            row.id: db.open(EntitlementFacts, Entitlement, row.id, row.sealed).name
            for row in db.rows(sa.select(Entitlement.__table__))
        }
        grants = [
            (accounts[row.account_id][0].source_id, names[row.entitlement_id], row.seen_until is None)
            for row in db.rows(sa.select(Grant.__table__))
        ]
        states = db.rows(sa.text("SELECT account_id, status, seen_until IS NULL FROM account_states"))
    return {
        "people": sorted(people, key=repr),
        "accounts": sorted(accounts.values(), key=repr),
        "grants": sorted(grants),
        "states": sorted((accounts[row[0]][0].source_id, row[1], row[2]) for row in states),
    }


def work(settings: Settings, stalled_after: float) -> None:
    """Be a worker, with a faster heartbeat and less patience, until killed."""
    from app import worker as real
    from app.connections import fencing

    fencing.PATIENCE = PATIENCE
    real.HEARTBEAT_SECONDS, real.STALLED_AFTER_SECONDS = HEARTBEAT, stalled_after
    queue: Any = real.procrastinate.App
    queue.run_worker_async = partialmethod(queue.run_worker_async, fetch_job_polling_interval=POLL)
    real.run(settings)


def main() -> None:
    """Kill so often as the first argument says."""
    from migrations.run import migrate
    from tests.conftest import MASTER
    from tests.postgres import PASSWORDS, server

    with server() as running:
        running.create_database("template")
        migrate(running.url("owner", "template"), MASTER, PASSWORDS["app"])
        report = run(running, "template", kills=int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    sys.stdout.write(f"{report}\n")
    raise SystemExit(1 if report.differences else 0)


if __name__ == "__main__":
    main()

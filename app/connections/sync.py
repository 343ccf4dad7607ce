"""One run of a connection: read page by page, store each page with the next cursor, then merge.

A crash, a restart or a lost lease resumes at the last page; nothing is read into the product before all is read. The
other system is never asked within a transaction. A secret is read once per claim, as an event.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from threading import Event as Signal
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from app.connections import endings, fencing, merging
from app.connections.client import Stopped, client
from app.connections.fencing import Claim, LeaseLost
from app.connections.models import Connection, Counts, Sync, SyncCheckpoint, SyncProblems, open_connection, open_sync
from app.connections.problems import ProblemList
from app.connections.staging import Desk, stage
from app.core import clock, logs, vault
from app.core.actor import job_actor
from app.core.database import Database, Db
from app.core.errors import Refusal
from app.core.jobs import Runtime, enqueue, job
from app.core.sealed import DoesNotOpen
from connectors.registry import CONNECTORS
from connectors.sdk.client import Client
from connectors.sdk.connector import Connector, Page, Stream
from connectors.sdk.errors import ConnectorError, TryLater
from connectors.sdk.fields import Config
from connectors.sdk.integrity import Checkpoint, Unsound, judge
from connectors.sdk.records import kind_of
from connectors.sdk.redaction import Secret

ACTOR: Final = job_actor("Sync")
CHANGED_BY_HAND: Final = (
    "The saved settings do not open: they were changed in the database and not here. Enter them again."
)
OURS: Final = "The sync failed for a reason of ours. The log says more; it will be tried again at its next time."
_LOOK_EVERY: Final = 2.0
_MERGES: Final = BoundedSemaphore(4)  # a merge holds what is new in memory; to read, most syncs only wait
_PASSING: Final = {"08", "25", "40", "53", "55", "57"}  # classes of SQLSTATE
_log = logs.get(__name__)


@dataclass(slots=True)
class Asked:
    """Whether a run is to stop while it waits: its worker ends, a person has said so, or it is no longer its own."""

    runtime: Runtime
    claim: Claim
    looked: float = field(default_factory=clock.monotonic)

    def __call__(self) -> bool:
        """Look at the worker, and now and then at the database."""
        if self.runtime.should_stop():
            return True
        if clock.monotonic() - self.looked < _LOOK_EVERY:
            return False
        with self.runtime.database.transaction(read_only=True) as db:
            going = (Sync.id == self.claim.sync_id, Sync.state == "running", Sync.fence == self.claim.fence)
            is_asked = db.value(sa.select(Sync.stop_requested).where(*going))
        self.looked = clock.monotonic()
        return is_asked is not False


@dataclass(slots=True)
class Run:
    """A claimed run, ready to read."""

    claim: Claim
    connector: Connector
    config: Config
    client: Client
    checkpoint: Checkpoint

    @property
    def streams(self) -> Sequence[Stream]:
        """What it reads, in order."""
        return self.connector.streams_of(self.config)


def run(runtime: Runtime, *, sync_id: str) -> None:
    """Claim the run and carry it to its end, from wherever it stands; nothing happens when it is over."""
    with runtime.database.transaction() as db:
        claim = fencing.claim(db, UUID(sync_id))
    if claim is None:
        return
    try:
        _carry_out(runtime, claim)
    except LeaseLost:
        _log.warning("sync.lease_lost", sync=sync_id)
    except Stopped:
        _put_back(runtime.database, claim)
    except TryLater as error:
        _postpone(runtime.database, claim, error)
    except Exception as error:
        if _is_passing(error):
            raise  # the database is away or has let us wait too long: the queue tries again, from the last page
        sentence = sentence_of(error)
        _fail(runtime.database, claim, sentence)
        if sentence is OURS:
            raise


SYNC = job("connections.sync", queue="syncs")(run)


def enqueue_sync(db: Db, connection_id: UUID, sync_id: UUID) -> None:
    """Have a worker carry out a run: one of a connection at a time, one waiting."""
    enqueue(db, SYNC, lock=f"connection {connection_id}", queueing_lock=f"sync {connection_id}", sync_id=str(sync_id))


def configured(db: Db, connection: Connection, *, purpose: str) -> tuple[Connector, Config]:
    """A connection's connector and settings with its secrets, read from the vault as an event.

    Raises ``DoesNotOpen`` for settings changed by hand; refuses (``Unavailable``) where the secret is gone.
    """
    facts = open_connection(db, connection)
    secrets: dict[str, Secret] = {}
    if connection.vault_reference:
        text = vault.read(db, ACTOR, connection.vault_reference, label=connection.name, purpose=purpose)
        secrets = {name: Secret(value) for name, value in msgspec.json.decode(text, type=dict[str, str]).items()}
    connector = CONNECTORS[connection.connector]
    return connector, connector.config(facts.settings, secrets)


def sentence_of(error: Exception) -> str:
    """What a person is told of it."""
    if isinstance(error, ConnectorError | Refusal):
        return error.message
    return CHANGED_BY_HAND if isinstance(error, DoesNotOpen) else OURS


def _is_passing(error: Exception) -> bool:
    """Whether it lies with the database's connection: lost, locked out, or ended for being idle."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, sa.exc.OperationalError) or state[:2] in _PASSING


def _carry_out(runtime: Runtime, claim: Claim) -> None:
    with runtime.database.transaction() as db:
        run_ = _ready(runtime, db, claim)
    while (upcoming := run_.checkpoint.upcoming(run_.streams)) is not None:
        if runtime.should_stop():
            raise Stopped
        stream, cursor = upcoming
        began = clock.monotonic()
        page = stream.fetch(run_.client, run_.config, cursor)
        seconds = clock.monotonic() - began
        with runtime.database.transaction() as db:
            if fencing.hold(db, claim):
                endings.stop(db, ACTOR, claim.sync_id)
                return
            _store(db, run_, stream, page, seconds)
    with runtime.database.transaction() as db:
        fencing.hold(db, claim)
        db.run(
            sa.update(Sync).where(Sync.id == claim.sync_id).values(read_at=sa.func.coalesce(Sync.read_at, clock.now()))
        )
        dangling = merging.count_dangling_grants(db, claim.sync_id)
    verdict = judge(run_.streams, run_.checkpoint.facts, dangling_grants=dangling)
    reading = merging.unsound(verdict.reasons) if isinstance(verdict, Unsound) else merging.Reading()
    with _MERGES:
        merging.merge(runtime.database, ACTOR, claim, reading)


def _ready(runtime: Runtime, db: Db, claim: Claim) -> Run:
    fencing.hold(db, claim)
    connection = db.find(Connection, claim.connection_id)
    assert connection is not None
    connector, config = configured(db, connection, purpose="sync")
    speaking = client(runtime.extras["outbound"], Asked(runtime, claim), Signal().wait)
    return Run(claim, connector, config, speaking, _checkpoint(db, claim))


def _checkpoint(db: Db, claim: Claim) -> Checkpoint:
    """Where the run stands; at the beginning when an older version of the product wrote it otherwise."""
    row = db.row(sa.select(SyncCheckpoint.__table__).where(SyncCheckpoint.sync_id == claim.sync_id))
    if row is not None and row.version == Checkpoint().version:
        return db.open(Checkpoint, SyncCheckpoint, row.sync_id, row.sealed, row.version)
    endings.forget_staged(db, claim.sync_id)
    db.run(sa.delete(SyncProblems).where(SyncProblems.sync_id == claim.sync_id))
    db.run(sa.update(Sync).where(Sync.id == claim.sync_id).values(problems=0))
    endings.say(db, claim.sync_id, counts={})
    return Checkpoint()


def _store(db: Db, run_: Run, stream: Stream, page: Page, seconds: float) -> None:
    """One page, the next cursor and what is known so far, together or not at all."""
    claim = run_.claim
    repeats = stage(Desk(db, claim.connection_id, claim.sync_id), page.records, page.problems)
    run_.checkpoint = run_.checkpoint.passed(stream.key, page, duplicates=repeats, seconds=seconds)
    version = run_.checkpoint.version
    sealed = db.seal(SyncCheckpoint, claim.sync_id, run_.checkpoint, version)
    db.session.merge(SyncCheckpoint(sync_id=claim.sync_id, version=version, sealed=sealed))
    if page.problems:
        number = sum(facts.pages for facts in run_.checkpoint.facts.values())
        sealed = db.seal(SyncProblems, claim.sync_id, ProblemList(problems=page.problems), number)
        db.add(SyncProblems(sync_id=claim.sync_id, number=number, count=len(page.problems), sealed=sealed))
    sync = db.find(Sync, claim.sync_id)
    assert sync is not None
    endings.say(db, claim.sync_id, counts=_counted(open_sync(db, sync).counts, page))
    sync.problems += len(page.problems)
    sync.heartbeat_at, sync.attempts = clock.now(), 0  # a run may be postponed as often as it gets somewhere in between


def _counted(counts: dict[str, Counts], page: Page) -> dict[str, Counts]:
    read = Counter(kind_of(record) for record in page.records)
    return counts | {kind: Counts(read=counts.get(kind, Counts()).read + number) for kind, number in read.items()}


def _fail(database: Database, claim: Claim, sentence: str) -> None:
    with database.transaction() as db:
        if _still_holds(db, claim):
            endings.fail(db, ACTOR, claim.sync_id, sentence)


def _postpone(database: Database, claim: Claim, error: TryLater) -> None:
    with database.transaction() as db:
        if _still_holds(db, claim) and not endings.postpone(db, claim.sync_id, error.message, error.retry_after):
            endings.fail(db, ACTOR, claim.sync_id, error.message)


def _put_back(database: Database, claim: Claim) -> None:
    with database.transaction() as db:
        try:
            is_stopped = fencing.hold(db, claim)
        except LeaseLost:
            return
        if is_stopped:
            endings.stop(db, ACTOR, claim.sync_id)
        else:
            endings.put_back(db, claim.sync_id)
            enqueue_sync(db, claim.connection_id, claim.sync_id)


def _still_holds(db: Db, claim: Claim) -> bool:
    try:
        fencing.hold(db, claim)
    except LeaseLost:
        return False
    return True

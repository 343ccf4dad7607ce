"""Runs the jobs; the only file that knows every room's jobs.

Procrastinate claims a job, a thread runs it. Each queue has threads of its own, so that what waits for other systems keeps
nothing else waiting. A worker that dies leaves its jobs "doing": any living worker puts them back once the dead one's
heartbeat is old. What a job may do twice is each job's own care (see ``connections.fencing``).
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import procrastinate

import app.connections.jobs
import app.login.jobs
import app.people.jobs  # noqa: F401 - importing registers the jobs
from app.core import logs
from app.core.jobs import JOBS, Job, Runtime
from app.core.machine.process import settle
from app.core.opening import open_database
from app.core.outgoing.outbound import Outbound
from app.core.settings import Settings

HEARTBEAT_SECONDS = 3.0
STALLED_AFTER_SECONDS = 12.0
CONCURRENCY: Final[Mapping[str, int]] = {"syncs": 8, "tests": 4, "default": 4}  # jobs of a queue at a time
_OWN_CONNECTIONS: Final = 5  # of Procrastinate, beside one with which each queue listens
_STOP_WITHIN_SECONDS = 8.0
_AGAIN: Final = """
    WITH stalled AS (DELETE FROM procrastinate_jobs WHERE id = %(number)s AND status = 'doing' RETURNING *)
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, attempts)
    SELECT queue_name, task_name, priority, lock, queueing_lock, args, attempts + 1 FROM stalled
    ON CONFLICT DO NOTHING
"""
_log = logs.get(__name__)


def run(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT; a running job is asked to stop at its next safe point."""
    logs.configure(settings)
    settle()
    database = open_database(settings, concurrency=sum(CONCURRENCY.values()))
    stopping = threading.Event()
    with Outbound(settings.allowed_internal_hosts) as outbound:
        runtime = Runtime(settings, database, {"outbound": outbound}, stopping.is_set)
        try:
            asyncio.run(_work(settings, runtime, stopping))
        finally:
            database.close()


async def _work(settings: Settings, runtime: Runtime, stopping: threading.Event) -> None:
    queue = _build(settings, runtime)
    async with queue.open_async():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(
            ThreadPoolExecutor(sum(CONCURRENCY.values()), "job")
        )  # else as many as there are cores
        works = [asyncio.create_task(_serve(queue, name, number)) for name, number in CONCURRENCY.items()]
        reaper = asyncio.create_task(_reap(queue))

        def stop() -> None:
            stopping.set()
            for work in works:
                work.cancel()  # Procrastinate finishes what runs, then stops

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        stop()  # one that ended by itself has lost the database: whoever started this process starts another
        for ended in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        reaper.cancel()


async def _serve(queue: procrastinate.App, name: str, concurrency: int) -> None:
    """Run the jobs of one queue."""
    await queue.run_worker_async(
        queues=[name],
        name=name,
        concurrency=concurrency,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=STALLED_AFTER_SECONDS,
        shutdown_graceful_timeout=_STOP_WITHIN_SECONDS,
        delete_jobs="successful",
        install_signal_handlers=False,
    )


async def _reap(queue: procrastinate.App) -> None:
    """Put back the jobs of workers that died without saying so."""
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            for stalled in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS):
                assert stalled.id is not None
                _log.warning("job.stalled", job=stalled.task_name, number=stalled.id)
                await _put_back(queue, stalled.id)
        except procrastinate.exceptions.ProcrastinateException:
            _log.exception("job.reaper_failed")


async def _put_back(queue: procrastinate.App, number: int) -> None:
    """Have the job done again; where another of its kind waits already, that one does it.

    As a job with a number of its own: whoever was only late ends under the old one, and would take this one away with it.
    """
    await queue.connector.execute_query_async(_AGAIN, number=number)


def _build(settings: Settings, runtime: Runtime) -> procrastinate.App:
    assert settings.database_url is not None
    conninfo = settings.database_url.get_secret_value().replace("+psycopg", "")
    most = len(CONCURRENCY) + _OWN_CONNECTIONS
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=most))
    for job in JOBS.values():
        retry = procrastinate.RetryStrategy(max_attempts=job.retries, wait=2, exponential_wait=5)
        lock = job.name if job.every else None
        task = queue.task(name=job.name, queue=job.queue, retry=retry, queueing_lock=lock)(_bound(job, runtime))
        if job.every:
            queue.periodic(cron=job.every)(task)
    return queue


def _bound(job: Job, runtime: Runtime) -> Callable[..., None]:
    def run_job(**ids: Any) -> None:
        ids.pop("timestamp", None)  # the timetable's own argument
        _log.info("job.started", job=job.name, **ids)
        job.run(runtime, **ids)
        _log.info("job.finished", job=job.name, **ids)

    return run_job

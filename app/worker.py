"""Runs the jobs; the only file that knows every room's jobs.

Procrastinate claims a job, a thread runs it. A worker that dies leaves its jobs "doing": any living worker puts them
back once the dead one's heartbeat is old. What a job may do twice is each job's own care (see ``connections.fencing``).
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from typing import Any

import procrastinate

import app.connections.schedule
import app.login.jobs
import app.people.jobs  # noqa: F401 - importing registers the jobs
from app.core import clock, logs
from app.core.jobs import JOBS, Job, Runtime
from app.core.opening import open_database
from app.core.outbound import Outbound
from app.core.settings import Settings

HEARTBEAT_SECONDS = 3.0
STALLED_AFTER_SECONDS = 12.0
CONCURRENCY = 4
_STOP_WITHIN_SECONDS = 8.0
_log = logs.get(__name__)


def run(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT; a running job is asked to stop at its next safe point."""
    logs.configure(settings)
    database = open_database(settings, concurrency=CONCURRENCY * 2)
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
        work = asyncio.create_task(
            queue.run_worker_async(
                concurrency=CONCURRENCY,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_AFTER_SECONDS,
                shutdown_graceful_timeout=_STOP_WITHIN_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        reaper = asyncio.create_task(_reap(queue))

        def stop() -> None:
            stopping.set()
            work.cancel()  # Procrastinate finishes what runs, then stops

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        with contextlib.suppress(asyncio.CancelledError):
            await work
        reaper.cancel()


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
    """Have the job done again; where another of its kind waits already, that one does it."""
    try:
        await queue.job_manager.retry_job_by_id_async(number, clock.now())
    except procrastinate.exceptions.UniqueViolation:
        await queue.job_manager.finish_job_by_id_async(number, procrastinate.jobs.Status.FAILED, delete_job=True)


def _build(settings: Settings, runtime: Runtime) -> procrastinate.App:
    assert settings.database_url is not None
    conninfo = settings.database_url.get_secret_value().replace("+psycopg", "")
    queue = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=6))
    for job in JOBS.values():
        retry = procrastinate.RetryStrategy(max_attempts=job.retries, wait=2, exponential_wait=5)
        task = queue.task(name=job.name, retry=retry, queueing_lock=job.name if job.every else None)(
            _bound(job, runtime)
        )
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

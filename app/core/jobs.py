"""``@job``, ``enqueue`` (in the caller's transaction) and the timetable: a thin face on Procrastinate.

A job is written, not sent: it exists when its transaction commits and not otherwise. Arguments are ids only. A job gets
a ``Runtime`` and opens its own transactions; ``lock`` lets one of a kind run at a time, ``queueing_lock`` lets one wait.
A web process loads Procrastinate when it first writes a job.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from app.core.database import Database, Db
from app.core.settings import Settings

if TYPE_CHECKING:
    import procrastinate


@dataclass(frozen=True)
class Runtime:
    """What a job works with. ``extras`` holds what ``main`` and ``worker`` wire in (outbound client, vault)."""

    settings: Settings
    database: Database
    extras: dict[str, Any] = field(default_factory=dict)
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Job:
    """A registered job; ``every`` is a cron expression when the timetable starts it.

    Jobs of one ``queue`` wait for each other when there are many, and for those of no other (``app.worker``).
    """

    name: str
    run: Callable[..., None]
    every: str | None = None
    retries: int = 3
    queue: str = "default"


JOBS: dict[str, Job] = {}


def job(
    name: str, *, every: str | None = None, retries: int = 3, queue: str = "default"
) -> Callable[[Callable[..., None]], Job]:
    """Register ``run(runtime, **ids)`` under ``room.verb``; ``every`` puts it on the timetable (UTC cron)."""

    def register(run: Callable[..., None]) -> Job:
        made = Job(name, run, every, retries, queue)
        JOBS[name] = made
        return made

    return register


def enqueue(db: Db, what: Job, *, lock: str | None = None, queueing_lock: str | None = None, **ids: str) -> int | None:
    """Write a job in the caller's transaction; its number, or None when one with this ``queueing_lock`` waits already."""
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415 - see _queue

    try:
        with db.savepoint():
            task = _queue().configure_task(
                what.name, queue=what.queue, lock=lock, queueing_lock=queueing_lock, connection=db.driver
            )
            return task.defer(**ids)
    except AlreadyEnqueued:
        return None


@cache
def _queue() -> "procrastinate.App":
    import procrastinate  # noqa: PLC0415 - a start does not wait for what only writing a job needs

    return procrastinate.App(connector=procrastinate.PsycopgConnector())

"""Ending what a killed start left behind: a postmaster without its supervisor, server processes without a postmaster.

They are found by the cluster's name in their command lines (a process's title is readable by everyone), and only
among processes of the account that owns the data. Without ``/proc`` nothing is found, and PostgreSQL itself refuses
to start beside them.
"""

import os
import signal
import time
from pathlib import Path
from typing import Final

from app.core.machine.unprivileged import Account

_PATIENCE: Final = 10.0
_PAUSE: Final = 0.02


def end(cluster: str, who: Account, postmaster_file: Path) -> None:
    """End every PostgreSQL process of ``cluster`` and wait until they are gone.

    A postmaster is asked to shut down and given 10 s; server processes without one are ended at once.
    """
    deadline = time.monotonic() + _PATIENCE
    asked: set[int] = set()
    while found := _find(cluster, who):
        postmaster = _postmaster(postmaster_file)
        is_late = time.monotonic() > deadline
        if postmaster in found and not is_late:
            _signal({postmaster} - asked, signal.SIGINT)
            asked.add(postmaster)
        elif is_late or not asked & found:  # one that was asked removes its file some time before it ends
            _signal(found, signal.SIGKILL)
        time.sleep(_PAUSE)


def _find(cluster: str, who: Account) -> set[int]:
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _belongs(entry, cluster.encode(), who)}


def _belongs(entry: Path, cluster: bytes, who: Account) -> bool:
    try:
        return (
            entry.stat().st_uid == who.uid
            and (entry / "comm").read_bytes() == b"postgres\n"
            and cluster in (entry / "cmdline").read_bytes()
        )
    except OSError:  # it ended while we looked
        return False


def _postmaster(file: Path) -> int:
    try:
        return int(file.read_text("utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue

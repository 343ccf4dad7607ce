"""What a process asks of the kernel (not to be looked into, not to outlive its starter, room for its connections) and of Python.

The first two are Linux's prctl(2); elsewhere they do nothing.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_COLLECT_AFTER: Final = 20_000  # new objects; Python's own default is 700


def hide_memory() -> None:
    """No core dump, and no other process of the same user may read this one's memory: it holds keys."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with(parent: int) -> None:
    """Be killed when the process ``parent``, which started us, ends; exit at once when it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def allow_files(count: int) -> None:
    """Raise the limit of open files to ``count`` where it is lower, as far as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def settle() -> None:
    """Tell the collector that what was made up to here stays, and to look for cycles among thousands of objects at a time.

    Looking through everything again and again would cost every hundredth request, and an eighth of a large merge.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)

"""A child process of ours that is started again when it ends, at once or, when it keeps ending, after a pause.

It leads a session of its own, so Ctrl-C in a terminal reaches only the supervisor, which then stops things in order.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from app.core import clock

_HOME: Final = str(Path(__file__).parents[3])
_SHORTEST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
_LONG_LIFE: Final = 30.0


def own_program(*arguments: str) -> list[str]:
    """The command line of ``python -m app …`` for this very installation, wherever it is called from."""
    return [sys.executable, "-P", "-m", "app", *arguments]


def own_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` with the place this installation is imported from.

    Two malloc arenas instead of eight a core: a process of many threads keeps tens of megabytes less. Blocks from 1 MB on
    go back to the system at once: after the first few passwords were hashed their 19 MB would stay for ever. What Python has
    compiled it keeps beside the code where it may, whatever the environment says: else each process of each start
    compiles all of it anew.
    """
    wanted = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(2**20), **wanted, "PYTHONPATH": _HOME}


class KeptProcess:
    """``python -m app <arguments>``, kept alive by calling ``check`` now and then."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], *, fds: Sequence[int] = ()) -> None:
        self._arguments = arguments
        self._environment = own_environment(environment)
        self._fds = fds
        self._pause = _SHORTEST_PAUSE
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._ended_at: float | None = None

    def start(self, *, is_held: bool = False) -> None:
        """Start it; held, it loads its code and waits for ``let_go`` before it does anything."""
        self._started_at, self._ended_at = clock.monotonic(), None
        self._process = subprocess.Popen(  # nosec B603 # noqa: S603 - our own program
            own_program(*self._arguments, *(["--held"] if is_held else [])),
            stdin=subprocess.PIPE if is_held else subprocess.DEVNULL,
            env=self._environment,
            pass_fds=self._fds,
            start_new_session=True,
        )

    def let_go(self) -> None:
        """Let a held process begin."""
        if self._process is not None and self._process.stdin is not None:
            try:
                self._process.stdin.write(b"\n")
                self._process.stdin.close()
            except BrokenPipeError:
                return  # it has ended; its exit code says why

    @property
    def exit_code(self) -> int | None:
        """The exit code when it has ended, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    def check(self) -> None:
        """Start it again if it has ended and its pause is over."""
        now = clock.monotonic()
        if self.exit_code is None:
            return
        if self._ended_at is None:
            self._ended_at = now
            had_long_life = now - self._started_at > _LONG_LIFE
            self._pause = _SHORTEST_PAUSE if had_long_life else min(self._pause * 2, _LONGEST_PAUSE)
        if now - self._ended_at >= self._pause:
            self.start()

    def terminate(self) -> None:
        """Ask it to finish what it does and end."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

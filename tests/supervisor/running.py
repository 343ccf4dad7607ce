"""``python -m app run`` as a process of its own, the way a person starts it."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TextIO, TypeVar

from app.core.database import Database
from app.core.keys import load_key_file
from app.core.machine.database_addresses import as_application, reached
from app.core.opening import open_database
from app.core.settings import load as load_settings

ROOT = Path(__file__).parents[2]
_PATIENCE = 90
T = TypeVar("T")


class Installation:
    """A data directory, a key file and a port of their own."""

    def __init__(self, home: Path, version: int) -> None:
        self.home = home
        self.data_dir = home / "data"
        self.key_file = home / "keys" / "key"
        self.port = free_port()
        self.version = version
        self.supervisors: list[int] = []

    def environment(self, **changes: str) -> dict[str, str]:
        ours = {
            "DATA_DIR": str(self.data_dir),
            "KEY_FILE": str(self.key_file),
            "PORT": str(self.port),
            "WEB_PROCESSES": "1",
            "POSTGRES_VERSION": str(self.version),
            **changes,
        }
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("STACKWARDEN_")},
            **{f"STACKWARDEN_{name}": value for name, value in ours.items()},
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def command(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python -m app <arguments>`` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            env=self.environment(**changes), cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip

    @contextmanager
    def run(self, *arguments: str, **changes: str) -> Iterator["Running"]:
        """Start everything, wait until it has said what it has to say, stop it afterwards."""
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "run", *arguments],
            env=self.environment(**changes), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.supervisors.append(process.pid)
        running = Running(self, process)
        try:
            running.wait_for_line("Set up: ")
            yield running
        finally:
            running.stop()

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database of an installation that runs, as the application sees it."""
        names = ("PATH", "HOME")
        environment = self.environment()
        settings = load_settings(
            {name: value for name, value in environment.items() if name.startswith("STACKWARDEN_") or name in names}
        )
        with reached(settings, load_key_file(settings.key_file)) as addresses:
            opened = open_database(as_application(settings, addresses), concurrency=2)
            yield opened
            opened.close()

    def processes(self) -> dict[int, str]:
        """Everything that belongs to this installation and still runs: process number to command line or title."""
        cluster = hashlib.sha256(bytes(self.data_dir / "postgresql" / "data")).hexdigest()[:16]
        marks = [str(self.data_dir), cluster, *(f"--parent {supervisor} " for supervisor in self.supervisors)]
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                title = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if int(entry.name) in self.supervisors or any(mark in title for mark in marks):
                found[int(entry.name)] = title
        return {number: title for number, title in found.items() if title}


class Running:
    """A running installation."""

    def __init__(self, installation: Installation, process: "subprocess.Popen[str]") -> None:
        self.installation = installation
        self.process = process
        self.said: list[str] = []
        self.complained: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((process.stdout, self.said), (process.stderr, self.complained))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: TextIO, into: list[str]) -> None:
        with stream:
            into.extend(line.rstrip("\n") for line in stream)

    def wait_for_line(self, start: str) -> str:
        def found() -> str | None:
            assert self.process.poll() is None, self._explain()
            return next((line for line in list(self.said) if line.startswith(start)), None)

        return until(found, self._explain)

    def _explain(self) -> str:
        return "\n".join([f"exit code {self.process.poll()}", *self.said, *self.complained])

    def get(self, path: str) -> int | None:
        """The status of an answer, or None without one."""
        return answer(self.installation.port, path)

    def wait_for(self, path: str, status: int = 200) -> None:
        until(lambda: self.get(path) == status, self._explain)

    def children(self, program: str) -> set[int]:
        """The supervisor's child processes that are ``python -m app <program>``, or the program ``postgres``."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        commands = {int(child): Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in found}
        return {
            child
            for child, command in commands.items()
            if command[0].endswith(f"/{program}") or command[2:5] == ["-m", "app", program]
        }

    def kill_one(self, program: str) -> int:
        """kill -9 one child; its number, once another has taken its place."""
        before = self.children(program)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        until(
            lambda: victim not in self.children(program) and len(self.children(program)) == len(before), self._explain
        )
        return victim

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(_PATIENCE)
        for reader in self._readers:
            reader.join(_PATIENCE)
        return code


def answer(port: int, path: str) -> int | None:
    """The status of an answer, or None without one."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def until(found: Callable[[], T | None], explain: Callable[[], str]) -> T:
    """What ``found`` gives once it gives something; fails with the explanation when it never does."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        result = found()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(explain())


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

"""The private PostgreSQL of a single-machine installation: made, started, found dead, started again, stopped.

It listens on a Unix socket only, asks for SCRAM passwords derived from the key file, writes no statement and no value
into its log, and ends when the process that started it ends.
"""

import hashlib
import os
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from app.core.errors import StartRefused
from app.core.keys import MasterKey
from app.core.machine import leftovers
from app.core.machine.data_dir import Claim, claim, record_key
from app.core.machine.initdb import DATABASE, ROLES, Role, binaries, create
from app.core.machine.unprivileged import SPAWN, Account, account, command
from app.core.settings import Settings

__all__ = ["Embedded", "binaries"]

_LONGEST_SOCKET: Final = 107  # bytes of sockaddr_un.sun_path without its NUL
_LARGEST_LOG: Final = 10 * 2**20
_START_SECONDS: Final = 120.0  # after a crash the log is replayed first
_READY_LINE: Final = 7  # of postmaster.pid, where the postmaster notes its state

_OPTIONS: Final = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Messages quote values and statements hold them: neither belongs into a log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class Embedded:
    """One PostgreSQL in ``settings.data_dir``, whose passwords come from ``key``."""

    def __init__(self, settings: Settings, key: MasterKey) -> None:
        self._data_dir = settings.data_dir
        self._version = settings.postgres_version
        self._key = key
        self._key_file = settings.key_file
        self._home = self._data_dir / "postgresql"
        self._data = self._home / "data"
        self._log = self._data_dir / "postgresql.log"
        self._name = "stackwarden-" + hashlib.sha256(bytes(self._data)).hexdigest()[:16]
        self._socket_dir = _socket_dir(self._home, self._name)
        self._claim: Claim | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def claim(self) -> None:
        """Take the data directory, until ``stop``. Refuses (``StartRefused``) as ``data_dir.claim`` does."""
        if self._claim is None:
            self._claim = claim(self._data_dir)

    def start(self) -> None:
        """Start it, making the files the first time, and return when it takes connections.

        May be called again when it has died. Refuses (``StartRefused``) as ``claim`` does, and when the files are of
        another major version or PostgreSQL will not start on them.
        """
        self.claim()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        who = account(self._home)
        _own_folder(self._home, who)
        _own_folder(self._socket_dir, who)
        if self.is_made():
            self._require_version()
        else:
            create(self._data, self._version, who, {role: self._key.password(name) for role, name in ROLES.items()})
        record_key(self._data_dir, self._key, self._key_file)
        leftovers.end(self._name, who, self._data / "postmaster.pid")
        (self._data / "postmaster.pid").unlink(missing_ok=True)  # its number may by now be another process's
        self._process = self._spawn(who)
        self._wait_until_ready(self._process)

    def _require_version(self) -> None:
        found = (self._data / "PG_VERSION").read_text("ascii").strip()
        if found != str(self._version):
            raise StartRefused(
                f"The database in {self._data} was made by PostgreSQL {found}, not {self._version}: "
                f"set STACKWARDEN_POSTGRES_VERSION to {found}."
            )

    def _spawn(self, who: Account) -> "subprocess.Popen[bytes]":
        program = binaries(self._version) / "postgres"
        options = _OPTIONS | {"unix_socket_directories": f'"{self._socket_dir}"', "cluster_name": self._name}
        arguments = [str(program), "-D", str(self._data)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        if self._log.exists() and self._log.stat().st_size > _LARGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            self._log.chmod(0o600)
            self._log_start = log.tell()
            return subprocess.Popen(  # nosec B603 # noqa: S603 - a fixed program
                command(arguments, who, reads=(self._data, self._socket_dir / "s", program), dies_with_us=True),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **SPAWN,
            )

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartRefused(f"PostgreSQL did not start: {self._why()} Its log is {self._log}.")
            time.sleep(0.01)

    def _why(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        line = next((line for line in lines if "FATAL:" in line or "PANIC:" in line), lines[-1])
        return line.rpartition("FATAL:")[2].strip().rstrip(".") + "."

    def is_made(self) -> bool:
        """Whether the files exist."""
        return self._data.exists()

    def is_ready(self) -> bool:
        """Whether a postmaster on these files, ours or another process's, takes connections."""
        try:
            lines = (self._data / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return False
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"

    def is_running(self) -> bool:
        """Whether the postmaster that we started is alive."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        """Block until the postmaster that we started ends; its exit code, negative for a signal."""
        assert self._process is not None
        return self._process.wait()

    def stop(self) -> None:
        """End every session and shut down, after a checkpoint; give up the data directory."""
        if self._process is not None:
            for number, patience in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, None)):
                self._process.send_signal(number)
                try:
                    self._process.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._process = None
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def url(self, role: Role, database: str = DATABASE) -> str:
        """SQLAlchemy's address of ``database`` for a role; it holds the password."""
        name = ROLES[role]
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql+psycopg://{name}:{self._key.password(name)}@/{database}?host={host}"


def _socket_dir(home: Path, name: str) -> Path:
    """Beside the data where the socket's path is short enough, else where every process of ours looks for it."""
    if len(bytes(home / ".s.PGSQL.5432.lock")) <= _LONGEST_SOCKET:
        return home
    return Path("/tmp") / name  # nosec B108 # noqa: S108 - TMPDIR may differ; the folder is private or refused


def _own_folder(folder: Path, who: Account) -> None:
    """Make ``folder`` for ``who`` alone; refuse one that somebody else made there before us."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartRefused(f"{folder} cannot be made: {error.strerror}.") from None
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {who.uid, os.geteuid()} or found.st_mode & 0o077:
        raise StartRefused(f"{folder} is not a private folder of ours: remove it.")
    who.owns(folder)

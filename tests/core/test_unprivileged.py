"""What root lends PostgreSQL's programs, and what it does not."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.machine.unprivileged import Account, command

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user lends nothing")

SOMEBODY = Account(65533, 65533)
PYTHON = Path(sys.executable).resolve()


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file that only root can walk to."""
    with tempfile.TemporaryDirectory(prefix="swun") as folder:
        file = Path(folder) / "file"
        file.write_text("inside")
        file.chmod(0o755)
        yield file


def ask(script: str, secret: Path, prefix: tuple[str, ...] = ()) -> str:
    arguments = command([sys.executable, "-c", script, str(secret)], SOMEBODY, reads=[PYTHON, secret])
    return subprocess.run([*prefix, *arguments], capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def test_a_private_folder_above_is_walked_through_even_by_access(secret: Path) -> None:
    assert ask("import os, sys; print(os.getuid(), os.access(sys.argv[1], os.X_OK))", secret) == "65533 True"
    assert secret.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_but_reading_is_lent(secret: Path) -> None:
    script = (
        "print(*(line.split()[1] for line in open('/proc/self/status') if line[:6] in ('CapPrm', 'CapEff', 'NoNewP')))"
    )
    assert ask(script, secret) == "0000000000000004 0000000000000004 1"
    with pytest.raises(subprocess.CalledProcessError):
        ask("import sys; open(sys.argv[1], 'w')", secret)


def test_nothing_at_all_is_lent_where_every_folder_is_open() -> None:
    arguments = command(["grep", "CapPrm", "/proc/self/status"], SOMEBODY, reads=[Path("/usr/bin/env")])
    assert subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()[1] == "0" * 16


def test_in_a_container_without_that_capability_the_next_one_serves(secret: Path) -> None:
    script = (
        "import os, subprocess, sys; from pathlib import Path; from app.core.machine.unprivileged import Account, command;"
        f"line = command(['cat', {str(secret)!r}], Account(65533, 65533), reads=[Path({str(secret)!r})]);"
        "os.execv(line[0], line)"
    )
    less = [
        "setpriv",
        "--bounding-set",
        "-dac_read_search",
        "--inh-caps",
        "-dac_read_search",
        sys.executable,
        "-c",
        script,
    ]
    done = subprocess.run(less, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.stderr) == ("inside", "")

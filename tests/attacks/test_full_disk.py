"""A disk that fills up: the product says so and stops acknowledging; what it acknowledged is there when there is room again.

Needs a small file system of its own, so it runs as root on Linux.
"""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.visitor import Visitor, key_in
from tests.supervisor.running import Installation, Running, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
SIZE = "160m"


@pytest.fixture
def small(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation whose data directory is a small disk."""
    with tempfile.TemporaryDirectory(prefix="swfd", dir="/tmp") as folder:
        installation = Installation(Path(folder), request.config.getoption("--postgres"))
        installation.data_dir.mkdir(mode=0o700)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", installation.data_dir],
            check=False, capture_output=True,
        )  # fmt: skip
        if mounted.returncode:
            pytest.skip("this machine lets nobody mount a file system")
        try:
            yield installation
        finally:
            subprocess.run(["umount", "--lazy", installation.data_dir], check=True)


def _fill(installation: Installation) -> Path:
    """Take all the room that there is."""
    ballast = installation.data_dir / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 512)
    return ballast


def _add(visitor: Visitor, headers: dict[str, str], name: str) -> int | None:
    """The status, or None where nothing came back at all."""
    try:
        return visitor.send("POST", "/api/v1/apps", json={"name": name, "notes": "n" * 9000}, headers=headers).status
    except OSError:
        return None


def test_a_disk_that_fills_up_loses_nothing_that_was_acknowledged(small: Installation) -> None:
    with small.run() as running:
        visitor = Visitor(small.port)
        visitor.set_up(running.wait_for_line("Set up: ").partition(str(small.port))[2], "o@corp.example", "Olga Berg")
        form = {"name": "k", "scopes": ["apps:read", "apps:write"], "days": "1"}
        headers = {"authorization": f"Bearer {key_in(visitor.submit('/settings/api-keys', form).text)}"}
        kept = {f"App {number}" for number in range(20) if _add(visitor, headers, f"App {number}") == 201}
        assert len(kept) == 20
        ballast = _fill(small)
        kept |= _until_refused(visitor, headers)
        assert running.get("/healthz") == 200
        ballast.unlink()
        running.wait_for("/readyz", 200)
        until(lambda: _add(visitor, headers, "With room again") in {201, 409}, running._explain)
        found = {app["name"] for app in visitor.get("/api/v1/apps?limit=1000", headers=headers).json()["items"]}
        assert kept | {"With room again"} <= found
        assert _says_why(running)


def _until_refused(visitor: Visitor, headers: dict[str, str]) -> set[str]:
    """Add apps until the disk is full; those that were acknowledged. Whatever is answered then, it is not that it is done."""
    kept, refused = set(), 0
    for number in range(4000):
        status = _add(visitor, headers, f"Full {number}")
        assert status in {201, 503}, status
        kept |= {f"Full {number}"} if status == 201 else set()
        refused += status != 201
        if refused > 5:
            return kept
    raise AssertionError("the disk never filled up")


def _says_why(running: Running) -> bool:
    said = "\n".join(running.complained)
    log = (running.installation.data_dir / "postgresql.log").read_text(errors="replace")
    return '"error.code":"53100"' in said or "No space left on device" in said + log


def test_a_start_on_a_full_disk_says_what_is_wrong_in_one_sentence(small: Installation) -> None:
    ballast = _fill(small)
    done = small.command("run")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr or "full" in done.stderr
    ballast.unlink()
    with small.run() as running:
        assert running.get("/readyz") == 200

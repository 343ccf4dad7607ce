"""The benchmarks: ``python -m tests.benchmarks``. One real installation, a real SCIM server, loads over real sockets.

Prints a table; nothing passes or fails by a clock. Figures are of the machine and its other work: name both.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil

from app.core.actor import Actor
from app.core.database import Database
from app.core.permissions import OWNER, Rows, permissions_of
from app.login import actions, api_keys, sessions
from tests.benchmarks.load import Load, load
from tests.peers.scim import start as start_scim
from tests.supervisor.running import Installation, Running, answer

SCOPES = ("people:read", "apps:read", "access:read", "connections:read", "connections:write", "syncs:run", "apps:write")
STARTS = 5


def main() -> None:
    """Start an installation, fill it over SCIM, measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=6.0)
    options.add_argument("--postgres", type=int, default=18)
    given = options.parse_args()
    _say(
        "machine",
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, PostgreSQL {given.postgres}",
    )
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="swbench") as folder:
        installation = Installation(Path(folder), given.postgres)
        _cold_starts(installation)
        with start_scim(users=given.people, groups=50) as peer:
            host = peer.url.split("/")[2]
            with (
                installation.run(WEB_PROCESSES="2", ALLOWED_INTERNAL_HOSTS=host) as running,
                installation.database() as database,
            ):
                key, cookie = _owner(database)
                client = httpx2.Client(base_url=f"http://127.0.0.1:{installation.port}", timeout=60)
                client.headers["Authorization"] = f"Bearer {key}"
                _syncs(client, peer.url, peer.token)
                _loads(running, client, installation.port, key, given.seconds)
                _exports(installation.port, cookie, given.people)
                _memory(running)


def _cold_starts(installation: Installation) -> None:
    names = ("to the first answer", "to the set-up link", "CPU to the set-up link")
    for name, figure in zip(names, _start(installation), strict=True):
        _say(f"first start, {name}", f"{figure:.2f} s")
    later = zip(*(_start(installation) for _ in range(STARTS)), strict=True)
    for name, figures in zip(names, later, strict=True):
        _say(f"later start, {name}", f"{min(figures):.2f} s, median of {STARTS}: {statistics.median(figures):.2f} s")


def _start(installation: Installation) -> tuple[float, float, float]:
    """One start: seconds to the first answer, to the set-up link, and of CPU of all its processes until then."""
    began = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        first_answer = pool.submit(_first_answer, installation.port)
        with installation.run(WEB_PROCESSES="2") as running:
            link = time.perf_counter() - began
            main = psutil.Process(running.process.pid)
            cpu = sum(sum(each.cpu_times()[:4]) for each in (main, *main.children(recursive=True)))
            return first_answer.result() - began, link, cpu


def _first_answer(port: int) -> float:
    """When the installation was first ready."""
    deadline = time.perf_counter() + 120
    while answer(port, "/readyz") != 200 and time.perf_counter() < deadline:
        time.sleep(0.01)
    return time.perf_counter()


def _owner(database: Database) -> tuple[str, str]:
    """An owner with a key and a session, made the way the product makes them."""
    with database.transaction() as db:
        user_id = actions.create(
            db, Actor("setup", "benchmark"), email="bench@example.com", name="Bench", roles=[OWNER]
        )
        actor = Actor(
            "user",
            "bench@example.com",
            id=user_id,
            user_id=user_id,
            roles=(OWNER,),
            permissions=permissions_of([OWNER]),
            rows=Rows.ALL,
        )
        return api_keys.mint(db, actor, name="Benchmark", scopes=SCOPES), sessions.start(db, actor, user_id)


def _syncs(client: httpx2.Client, url: str, token: str) -> None:
    app = client.post("/api/v1/apps", json={"name": "Directory"}).raise_for_status().json()
    settings = {"base_url": url, "token": token, "is_directory": True}
    body = {"connector": "scim", "name": "Directory", "app_id": app["id"], "settings": settings}
    made = client.post("/api/v1/connections", json=body).raise_for_status().json()
    for name in ("first sync", "unchanged sync"):
        sync = client.post(f"/api/v1/connections/{made['id']}/syncs").raise_for_status().json()
        while sync["state"] in {"queued", "running"}:
            time.sleep(0.2)
            sync = client.get(f"/api/v1/syncs/{sync['id']}").raise_for_status().json()
        counts = {kind: counts.get("read", 0) for kind, counts in sync["counts"].items()}
        _say(name, f"{sync['state']}, {sync['verdict']}, {_phases(sync)}, read {counts}")


def _phases(sync: dict[str, str]) -> str:
    from datetime import datetime

    started, finished = (datetime.fromisoformat(sync[name]) for name in ("started_at", "finished_at"))
    read = datetime.fromisoformat(sync["read_at"]) if sync.get("read_at") else started
    return f"read {(read - started).total_seconds():.2f} s, reconcile {(finished - read).total_seconds():.2f} s"


def _loads(running: Running, client: httpx2.Client, port: int, key: str, seconds: float) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    first = client.get("/api/v1/people").raise_for_status().json()
    deep = first
    for _ in range(90):
        if not deep["next"]:
            break
        deep = client.get(deep["next"]).raise_for_status().json()
    ids = [row["id"] for row in first["items"]]
    path = deep["next"].split(str(port), 1)[1] if deep["next"] else "/api/v1/people"
    cases = {
        "people, list of 100": ["/api/v1/people"],
        "people, list of 100, page 90": [path],
        "one person": [f"/api/v1/people/{person}" for person in ids],
        "accounts, list of 100": ["/api/v1/accounts"],
    }
    for name, paths in cases.items():
        load(port, paths, headers, seconds=1.0)
        before = _cpu(running)
        found: Load = load(port, paths, headers, seconds=seconds)
        web, database = (
            (after - start) / found.requests * 1000 for after, start in zip(_cpu(running), before, strict=True)
        )
        _say(name, f"{found}, CPU web {web:.2f} ms, PostgreSQL {database:.2f} ms a request")


def _cpu(running: Running) -> tuple[float, float]:
    """Seconds of CPU so far: of the web processes, of PostgreSQL."""

    def used(process: psutil.Process) -> float:
        times = process.cpu_times()
        return times.user + times.system

    web = sum(used(psutil.Process(child)) for child in running.children("serve"))
    postgres = [psutil.Process(child) for child in running.children("postgres")]
    return web, sum(used(each) for server in postgres for each in (server, *server.children(recursive=True)))


def _exports(port: int, cookie: str, people: int) -> None:
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", cookies={sessions.COOKIE: cookie}, timeout=60) as client:
        for path in ("/people.csv", "/access/accounts.csv"):
            client.get(path).raise_for_status()
            began = time.perf_counter()
            answer = client.get(path).raise_for_status()
            took = time.perf_counter() - began
            _say(
                f"export {path}",
                f"{took:.2f} s, {answer.text.count(chr(10)):,} lines, {len(answer.content) / 1e6:.1f} MB",
            )


def _memory(running: Running) -> None:
    for program in ("serve", "work"):
        for child in running.children(program):
            _say(f"memory of {program}", f"{psutil.Process(child).memory_info().rss / 1e6:.0f} MB resident")


def _say(name: str, value: str) -> None:
    sys.stdout.write(f"{name:38} {value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""How long an import takes: ``python -m tests.benchmarks.imports --rows 10000``. Prints a table; nothing passes or fails.

"Preview" is the upload, sealing the file, reading every row, staging and the rehearsal; "apply" merges and notes what is
needed to undo; "undo" restores.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from uuid import UUID

from app.core.database import Database
from tests.benchmarks.installation import fresh
from tests.builders import make_app
from tests.connections.sheets import apply, bring, facts, sheet, undo


def main() -> None:
    """Measure people and accounts, first and unchanged."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000)
    options.add_argument("--postgres", type=int, default=18)
    given = options.parse_args()
    with fresh(given.postgres) as bench:
        with bench.database.transaction() as db:
            app_id = make_app(db, "Zoom")
        sys.stdout.write(f"{'import':<20}{'preview s':>10}{'apply s':>9}{'undo s':>8}{'peak MB':>9}\n")
        _measure(bench.database, "people", _people(given.rows), None)
        _measure(bench.database, "accounts", _accounts(given.rows), app_id)


def _measure(database: Database, target: str, data: bytes, app_id: UUID | None) -> None:
    for name in ("first", "unchanged"):
        preview, import_id = _timed(lambda: bring(database, target, data, app_id=app_id))
        applied, _ = _timed(lambda id_=import_id: apply(database, id_))  # type: ignore[misc]
        _report(f"{target}, {name}", preview, applied)
    _, found = facts(database, import_id)
    assert not any(counts.added or counts.changed for counts in found.counts.values())
    undone, _ = _timed(lambda: undo(database, import_id))
    _report(f"{target}, undone", undone=undone)


def _timed(act: Callable[[], UUID | None]) -> tuple[float, UUID]:
    begun = time.monotonic()
    made = act()
    return time.monotonic() - begun, made or UUID(int=0)


def _report(name: str, preview: float = 0, applied: float = 0, undone: float = 0) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{name:<20}{preview:>10.2f}{applied:>9.2f}{undone:>8.2f}{peak:>9.0f}\n")


def _people(rows: int) -> bytes:
    header = (
        "Email",
        "First Name",
        "Last Name",
        "Team",
        "Job Title",
        "Location",
        "Status",
        "Manager Email",
        "Start Date",
    )
    return sheet(
        [
            header,
            *(
                (f"person{i}@example.com", "Ada", f"Lovelace {i}", f"Team {i % 40}", f"Title {i % 60}", f"City {i % 9}",
                 "active", f"person{i // 10}@example.com", "2020-01-31")
                for i in range(rows)
            ),
        ]
    )  # fmt: skip


def _accounts(rows: int) -> bytes:
    header = ("Username", "Email", "Name", "Status", "Role", "Last Login")
    return sheet(
        [
            header,
            *(
                (f"user{i}", f"person{i}@example.com", f"Ada {i}", "active", f"Role {i % 20}", "2026-11-01")
                for i in range(rows)
            ),
        ]
    )


if __name__ == "__main__":
    main()

"""After a large merge the database knows how many rows there are, and by which index a page of them is read."""

import sqlalchemy as sa

from app.connections.counting import MANY, run
from app.core.database import Database
from tests.connections.directory import directory, users
from tests.connections.harness import Bench

_PAGE = "EXPLAIN SELECT * FROM people WHERE merged_into_id IS NULL ORDER BY id LIMIT 101"


def _waiting(database: Database) -> int:
    with database.transaction(read_only=True) as db:
        return int(
            db.value(sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'connections.count_anew'"))
        )


def test_a_large_merge_has_its_rows_counted_and_a_small_one_does_not(bench: Bench) -> None:
    with directory(users(*range(3))) as peer:
        bench.sync(bench.connect(peer), peer)
    assert _waiting(bench.database) == 0
    with directory(users(*range(MANY)), cap=MANY) as peer:
        bench.sync(bench.connect(peer, name="Larger"), peer)
    assert _waiting(bench.database) == 1
    run(bench.runtime("http://127.0.0.1:1"))
    with bench.database.transaction(read_only=True) as db:
        known = db.value(sa.text("SELECT reltuples FROM pg_class WHERE relname = 'people'"))
        plan = " ".join(row[0] for row in db.rows(sa.text(_PAGE)))
    assert known >= MANY
    assert "pk_people" in plan

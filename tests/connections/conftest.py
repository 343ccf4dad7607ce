"""What the tests of connections work with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.database import Database
from app.core.settings import Settings
from tests.connections.harness import Bench
from tests.connections.site import application, asking, front_end
from tests.peers.scim import Peer, start

__all__ = ["application", "asking", "front_end"]


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Iterator[Bench]:
    """A database to sync into."""
    made = Bench(database, Settings(data_dir=tmp_path / "data", key_file=tmp_path / "key"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def scim() -> Iterator[Peer]:
    """A real SCIM server with 20 users and 3 groups."""
    with start(users=20, groups=3) as peer:
        yield peer

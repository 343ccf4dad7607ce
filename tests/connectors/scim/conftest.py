"""A sync over plain HTTP that waits for nothing."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.connectors.plain_http import PlainHttp
from tests.connectors.scim.runs import Sync, run


@pytest.fixture
def sync() -> Iterator[Sync]:
    http = PlainHttp()
    yield partial(run, http)
    http.close()

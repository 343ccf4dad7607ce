"""The built front end, and one browser and server for all tests of the shared pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from hatch_build import build
from tests.browser import chromium, served
from tests.web.examples import example_app


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """The front end as the sources are now."""
    build()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one module: while it runs, this thread cannot start an event loop of its own."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def origin(front_end: None) -> Iterator[str]:
    """The address of the example pages."""
    with served(example_app()) as address:
        yield address

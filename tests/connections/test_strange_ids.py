"""An id with a character that cannot be printed is an id like another; people are shown a sign in its place."""

from typing import Any

import pytest

from tests.connections.directory import directory, hold, users
from tests.connections.harness import Bench
from tests.connections.site import Asking

STRANGE = ["a\u00a0b", "a\u200bb", "\ufeffx", "a\u00adb"]


@pytest.mark.parametrize("strange", STRANGE, ids=map(ascii, STRANGE))
def test_who_cannot_be_read_any_more_is_not_gone_whatever_the_id(bench: Bench, asking: Asking, strange: str) -> None:
    [one] = users(1, id=strange)
    others: list[Any] = users(*range(2, 40))
    with directory([one, *others]) as peer:
        connection = bench.connect(peer)
        assert bench.sync(connection, peer).state == "done"
        before = bench.present()
        hold(peer, [{**one, "userName": "x" * 5_000}, *others])
        result = bench.sync(connection, peer)
    assert (result.state, result.sync.verdict, result.sync.problems) == ("done", "sound", 1)
    assert bench.present() == before
    page = asking().get(f"/integrations/{connection}/syncs/{result.sync.id}")
    assert strange not in page.text
    assert strange.translate(dict.fromkeys(map(ord, "\u00a0\u200b\ufeff\u00ad"), "\ufffd")) in page.text

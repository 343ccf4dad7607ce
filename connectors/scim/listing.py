"""One page of a SCIM list (RFC 7644 §3.4.2), from servers that cap it, count from 0, change their mind or send null.

A list that ends early is not an error here: its announced total stays unreached, which makes the sync unsound, so
what came is taken and nothing is taken away.
"""

from typing import TypeVar

from msgspec import Raw, Struct, field

from connectors.sdk.client import Api, Client
from connectors.sdk.connector import Page
from connectors.sdk.errors import BrokenAnswer
from connectors.sdk.fields import Config
from connectors.sdk.pages import Gather
from connectors.sdk.paging import StartIndex

T = TypeVar("T")
_MOST_DIGITS = 18


class ListResponse(Struct, frozen=True):
    """A list as servers really send it: ``resources`` in lower case, numbers as text, null for empty."""

    announced: int | str | None = field(name="totalResults", default=None)
    upper: list[Raw] | None = field(name="Resources", default=None)
    lower: list[Raw] | None = field(name="resources", default=None)

    @property
    def items(self) -> list[Raw]:
        """The resources of this page."""
        return self.upper or self.lower or []

    @property
    def total(self) -> int | None:
        """How many there are in all, None when the server does not say."""
        digits = str(self.announced)
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None


def api_of(client: Client, config: Config) -> Api:
    """The SCIM service of this connection."""
    return client.api(config.text("base_url"), bearer=config.secret("token"))


def ask(api: Api, endpoint: str, *, start: int, count: int) -> ListResponse:
    """Up to ``count`` resources of ``endpoint`` ("Users"), counted from ``start``."""
    params = {"startIndex": str(start), "count": str(count)}
    answer = api.get(endpoint, ListResponse, params=params, needs=f"read {endpoint.lower()}")
    if answer.announced is None and answer.upper is None and answer.lower is None:
        raise BrokenAnswer(f"{api!r} answers, but not with a SCIM list. Check the address.")
    return answer


def read_page(client: Client, config: Config, cursor: str | None, endpoint: str, gather: Gather[T]) -> Page:
    """The page of ``endpoint`` at ``cursor``, its resources read by ``gather``."""
    position = StartIndex.at(cursor)
    count = config.number("page_size") if position.start else 1
    answer = ask(api_of(client, config), endpoint, start=position.start, count=count)
    gathered = gather(answer.items)
    if position.is_repeated(gathered.ids):
        return Page(records=(), next=None, items=0, total=answer.total)
    return Page(
        records=gathered.records,
        problems=gathered.problems,
        next=position.after(gathered.ids, answer.total),
        items=len(gathered.ids),
        total=answer.total,
        asked=count,
    )

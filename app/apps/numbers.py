"""How many accounts an app has: counted by a room above, shown by this one's pages.

Main wires it as ``app.state.app_numbers``. An app of which no source has ever told is left out: unknown is not zero.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec
from fastapi import Request

from app.core.actor import Actor
from app.core.database import Db
from app.core.listing import Sort


class AppNumbers(msgspec.Struct, frozen=True):
    """The accounts of one app that are there now, as far as the actor may see.

    ``active`` signed in within the organisation's threshold, ``unused`` did not, ``leavers`` belong to people who have
    left, ``unlinked`` to nobody known.
    """

    accounts: int
    active: int
    unused: int
    leavers: int
    unlinked: int


Count = Callable[[Db, Actor, Collection[UUID]], Mapping[UUID, AppNumbers]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a room above offers: the numbers of some apps, and sorts of the list of apps by them."""

    count: Count
    sorts: Callable[[Actor], Mapping[str, Sort]]


def numbers_of(request: Request) -> Numbers:
    """The numbers of the running application."""
    numbers = request.app.state.app_numbers
    assert isinstance(numbers, Numbers)
    return numbers

"""A directory that a test changes between two syncs, served by a peer that can also misbehave."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.peers.broken_scim import BrokenPeer, Directory, serving
from tests.peers.scim import GROUP, group_id, user, user_id


def users(*numbers: int, **changed: Any) -> list[dict[str, Any]]:
    """Users by number, each with the changes."""
    return [{**user(number), "meta": {}, **changed} for number in numbers]


def group(number: int, *members: int) -> dict[str, Any]:
    """A group with these users."""
    return {
        "schemas": [GROUP],
        "id": group_id(number),
        "displayName": f"Group {number}",
        "members": [{"value": user_id(one), "type": "User"} for one in members],
    }


@contextmanager
def directory(people: Sequence[Any], groups: Sequence[Any] = (), **ways: Any) -> Iterator[BrokenPeer]:
    """A directory of these people and groups; ``hold`` puts other ones in their place."""
    with serving(Directory(users=people, groups=groups, **ways)) as peer:
        yield peer


def hold(peer: BrokenPeer, people: Sequence[Any], groups: Sequence[Any] = (), **ways: Any) -> None:
    """Let the directory hold these from now on."""
    peer.behave = Directory(users=people, groups=groups, **ways)

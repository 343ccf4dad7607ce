"""A connector for an ordinary REST API, as small as one should be: the example to begin from."""

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct

from connectors.sdk.client import Client
from connectors.sdk.connector import Connector, Page, Permission, Stream
from connectors.sdk.fields import Config, Field
from connectors.sdk.pages import Gather
from connectors.sdk.paging import Token
from connectors.sdk.records import Account, Entitlement, Grant, Record


class Members(Struct):
    """One page of members."""

    members: list[Raw]
    count: int
    next: str | None = None


class Member(Struct):
    """One member as the API sends it."""

    id: int
    mail: str
    is_admin: bool = False


def fetch(client: Client, config: Config, cursor: str | None) -> Page:
    """One page of members, with the one role there is."""
    position = Token.at(cursor)
    api = client.api(config.text("base_url"), bearer=config.secret("token"))
    path = position.token or "members?limit=2"
    answer = api.follow(path, Members, needs="list members")
    found = Gather(kind="account", into=Member, read=read_member)(answer.members)
    role = () if cursor else (Entitlement(source_id="admin", kind="role", name="Administrator", is_privileged=True),)
    return Page(
        records=(*role, *found.records),
        problems=found.problems,
        next=position.after(answer.next),
        items=len(found.ids),
        total=answer.count,
    )


def read_member(member: Member) -> Iterator[Record]:
    """The account, and the role of an administrator."""
    yield Account(source_id=str(member.id), email=member.mail)
    if member.is_admin:
        yield Grant(account=str(member.id), entitlement="admin")


def check(client: Client, config: Config) -> None:
    """Ask for one member."""
    client.api(config.text("base_url"), bearer=config.secret("token")).get("members", Members, params={"limit": "1"})


CONNECTOR: Final = Connector(
    key="small",
    name="Small",
    summary="Members and administrators of an ordinary API.",
    fields=(
        Field(name="base_url", label="Address", kind="url", locates_host=True),
        Field(name="token", label="Token", kind="secret"),
    ),
    permissions=(Permission("members:read", "to know who has an account"),),
    streams=(Stream(key="members", name="Members", kinds=frozenset({"account", "entitlement", "grant"}), fetch=fetch),),
    check=check,
)

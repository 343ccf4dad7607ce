"""The SCIM connector against a real SCIM 2.0 server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.scim.declaration import CONNECTOR
from connectors.sdk.client import Client
from connectors.sdk.conformance import Connection, StreamConformance
from connectors.sdk.connector import Page
from connectors.sdk.errors import CredentialRefused, NotReachable
from connectors.sdk.integrity import Checkpoint, Sound, judge
from connectors.sdk.records import Account, Entitlement, Grant, Person
from connectors.sdk.redaction import Secret
from tests.connectors.plain_http import PlainHttp
from tests.peers.scim import Peer, start

USERS, GROUPS = 23, 4


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with start(users=USERS, groups=GROUPS) as running:
        yield running


@pytest.fixture
def http() -> Iterator[PlainHttp]:
    plain = PlainHttp()
    yield plain
    plain.close()


class TestScim(StreamConformance):
    connector = CONNECTOR

    @pytest.fixture(autouse=True)
    def _connect(self, peer: Peer, http: PlainHttp) -> None:
        self.peer = peer
        self.http = http

    def connection(self) -> Connection:
        values = {"base_url": self.peer.url, "page_size": 10}
        return Connection(
            client=Client(self.http),
            config=CONNECTOR.config(values, {"token": Secret(self.peer.token)}),
            secret=self.peer.token,
            wrong_config=CONNECTOR.config(values, {"token": Secret("a-wrong-token")}),
            wrong_secret="a-wrong-token",
        )


def read_all(peer: Peer, http: PlainHttp, **settings: str | int | bool) -> tuple[list[Page], Checkpoint]:
    """A whole sync, as the app runs it."""
    config = CONNECTOR.config({"base_url": peer.url, **settings}, {"token": Secret(peer.token)})
    checkpoint, pages = Checkpoint(), []
    while upcoming := checkpoint.upcoming(CONNECTOR.streams_of(config)):
        stream, cursor = upcoming
        page = stream.fetch(Client(http), config, cursor)
        pages.append(page)
        checkpoint = checkpoint.passed(stream.key, page, duplicates=0)
    return pages, checkpoint


def test_a_refused_token_says_where_and_whom_to_ask(peer: Peer, http: PlainHttp) -> None:
    config = CONNECTOR.config({"base_url": peer.url}, {"token": Secret("wrong")})
    with pytest.raises(
        CredentialRefused, match=r"The token was refused by http://127\.0\.0\.1:\d+/v2/Users: 401\. Ask"
    ):
        CONNECTOR.check(Client(http), config)


def test_a_server_that_is_not_there_is_not_reachable_after_all_retries(http: PlainHttp) -> None:
    waits: list[float] = []
    config = CONNECTOR.config({"base_url": "http://127.0.0.1:1/v2"}, {"token": Secret("any")})
    with pytest.raises(NotReachable):
        CONNECTOR.streams[0].fetch(Client(http, sleep=waits.append), config, None)
    assert waits == [1, 2, 4, 8]


def test_every_user_is_a_person_and_an_account_of_a_directory(peer: Peer, http: PlainHttp) -> None:
    pages, checkpoint = read_all(peer, http, page_size=7)
    records = [record for page in pages for record in page.records]
    people = {r.source_id: r for r in records if isinstance(r, Person)}
    accounts = {r.source_id: r for r in records if isinstance(r, Account)}
    assert len(people) == len(accounts) == USERS
    assert judge(CONNECTOR.streams, checkpoint.facts) == Sound()
    assert people["user-000001"] == Person(
        source_id="user-000001",
        email="person1@corp.local",
        given_name="Bram",
        family_name="Achterberg",
        display_name="Bram Achterberg",
        job_title="Engineer",
        team="Engineering",
        location="Gent, BE",
        cost_centre="CC1",
        employee_id="10001",
        phone="+31 20 555 00001",
        manager="user-000000",
        status="active",
    )
    assert people["user-000008"].person_type == "contractor"
    assert people["user-000009"].status == "left"
    assert accounts["user-000009"] == Account(
        source_id="user-000009",
        username="person9@corp.local",
        email="person9@corp.local",
        display_name="Joost Dekker",
        status="inactive",
        created_at=datetime(2024, 5, 1, 9, tzinfo=UTC),
    )


def test_groups_are_entitlements_with_grants_and_a_nested_one_is_skipped_and_counted(
    peer: Peer, http: PlainHttp
) -> None:
    pages, checkpoint = read_all(peer, http)
    records = [record for page in pages for record in page.records]
    groups = [r for r in records if isinstance(r, Entitlement)]
    grants = [r for r in records if isinstance(r, Grant)]
    assert [group.name for group in groups] == [f"Group {i}" for i in range(GROUPS)]
    assert {(g.account, g.entitlement) for g in grants} == {
        (f"user-{i:06d}", f"group-{i % GROUPS:06d}") for i in range(USERS)
    }
    assert checkpoint.facts["groups"].skipped == 1


def test_a_system_that_is_no_directory_gives_accounts_and_no_people(peer: Peer, http: PlainHttp) -> None:
    pages, _ = read_all(peer, http, is_directory=False, has_groups=False)
    records = [record for page in pages for record in page.records]
    assert len(records) == USERS
    assert all(isinstance(record, Account) for record in records)

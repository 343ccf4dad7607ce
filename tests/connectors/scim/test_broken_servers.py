"""What the connector concludes from servers that are wrong (attacks.md SCIM-05): never that somebody is gone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from connectors.scim.declaration import CONNECTOR
from connectors.sdk.client import Client
from connectors.sdk.errors import (
    BrokenAnswer,
    ConfigurationError,
    ConnectorError,
    NotReachable,
    PermissionMissing,
    RateLimited,
)
from connectors.sdk.integrity import Checkpoint, Sound, Unsound, judge
from connectors.sdk.records import Account, Entitlement, Grant, Person, Problem, Record, identity, kind_of
from connectors.sdk.redaction import Secret
from tests.connectors.plain_http import PlainHttp
from tests.peers.broken_scim import Answer, Asked, Behaviour, BrokenPeer, Directory, answer, first, people, serving


@dataclass
class Run:
    """A sync as the app runs it: the records of all pages, repeats counted by what is staged."""

    verdict: Sound | Unsound
    records: list[Record]
    problems: list[Problem]
    checkpoint: Checkpoint
    waits: list[float] = field(default_factory=list)

    @property
    def accounts(self) -> list[str]:
        return [record.source_id for record in self.records if isinstance(record, Account)]

    @property
    def reasons(self) -> str:
        return " ".join(self.verdict.reasons) if isinstance(self.verdict, Unsound) else ""


Sync = Callable[..., Run]


@pytest.fixture
def sync() -> Iterator[Sync]:
    http = PlainHttp()

    def run(peer: BrokenPeer, **settings: Any) -> Run:
        waits: list[float] = []
        client = Client(http, sleep=waits.append)
        values = {"base_url": peer.url, "page_size": 2, "has_groups": False} | settings
        config = CONNECTOR.config(values, {"token": Secret(peer.token)})
        streams = CONNECTOR.streams_of(config)
        checkpoint, staged = Checkpoint(), dict[tuple[str, str], Record]()
        problems: list[Problem] = []
        while upcoming := checkpoint.upcoming(streams):
            stream, cursor = upcoming
            page = stream.fetch(client, config, cursor)
            fresh = {(kind_of(record), identity(record)): record for record in page.records}
            duplicates = len(page.records) - len(fresh.keys() - staged.keys())
            staged |= fresh
            problems += page.problems
            checkpoint = checkpoint.passed(stream.key, page, duplicates=duplicates)
        return Run(judge(streams, checkpoint.facts), list(staged.values()), problems, checkpoint, waits)

    yield run
    http.close()


@pytest.mark.parametrize(
    ("broken", "error", "sentence"),
    [
        (
            Answer(body=b"<!DOCTYPE html><h1>Welcome", content_type="text/html"),
            BrokenAnswer,
            "web page instead of data",
        ),
        (Answer(body=b"\n <html>"), BrokenAnswer, "web page instead of data"),
        (Answer(body=b'{"totalResults":5,"Resources":[{"id":"u0"'), BrokenAnswer, "not whole JSON"),
        (Answer(body=b""), BrokenAnswer, "empty"),
        (Answer(status=204), BrokenAnswer, "empty"),
        (Answer(body=b"[" * 100_000), BrokenAnswer, "another shape"),
        (Answer(body=b'{"Resources":' + b"[" * 100_000), BrokenAnswer, "nested too deeply"),
        (Answer(body=b'{"totalResults": NaN}'), BrokenAnswer, "not whole JSON"),
        (answer({"error": "no"}), BrokenAnswer, "not with a SCIM list"),
        (answer([]), BrokenAnswer, "another shape"),
        (answer({"totalResults": 2, "Resources": "all"}), BrokenAnswer, "another shape"),
        (answer({"detail": "Filter is\nneeded"}, 400), BrokenAnswer, r"400 \(Filter is.needed\)"),
        (answer({}, 403), PermissionMissing, "may not read users"),
        (answer({}, 404), ConfigurationError, "404. Check the address"),
        (
            answer({}, 302, Location="https://evil.example/scim?x=y"),
            ConfigurationError,
            "to https://evil.example/scim:",
        ),
        (answer({}, 302), ConfigurationError, "redirects"),
        (answer({}, 307, Location="http://[::1"), ConfigurationError, "makes no sense"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named_at_once(
    sync: Sync, broken: Answer, error: type[ConnectorError], sentence: str
) -> None:
    with serving(lambda _: broken) as peer:
        with pytest.raises(error, match=sentence):
            sync(peer)
        assert len(peer.asked) == 1


def test_a_redirect_is_not_followed_so_the_token_goes_nowhere_else(sync: Sync) -> None:
    with serving(Directory()) as other, serving(lambda _: answer({}, 301, Location=f"{other.url}/Users")) as peer:
        with pytest.raises(ConfigurationError, match="not followed"):
            sync(peer)
        assert other.asked == []


def test_a_refusal_that_quotes_our_token_does_not_carry_it_on(sync: Sync) -> None:
    def quoting(asked: Asked) -> Answer:
        return answer({"detail": f"bad header {asked.authorization}"}, 400)

    with serving(quoting) as peer, pytest.raises(BrokenAnswer, match=r"bad header \*\*\*") as caught:
        sync(peer)
    assert peer.token not in repr(caught.value)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again_and_then_left_for_later(sync: Sync, status: int) -> None:
    with serving(first(answer({}, status), answer({}, status), then=Directory(users=people(3)))) as peer:
        run = sync(peer)
    assert run.waits == [1, 2]
    assert len(run.accounts) == 3
    with serving(lambda _: answer({}, status)) as peer, pytest.raises(NotReachable, match=f"in trouble: {status}"):
        sync(peer)


def test_a_connection_that_breaks_off_is_tried_again(sync: Sync) -> None:
    with serving(first(Answer(is_cut=True), then=Directory(users=people(1)))) as peer:
        assert sync(peer).waits == [1]


def test_the_wait_a_server_asks_for_is_kept(sync: Sync) -> None:
    with serving(first(answer({}, 429, Retry_After="7"), then=Directory(users=people(1)))) as peer:
        assert sync(peer).waits == [7]


def test_a_wait_of_more_than_a_minute_is_left_to_the_job(sync: Sync) -> None:
    with serving(lambda _: answer({}, 429, Retry_After="3600")) as peer, pytest.raises(RateLimited) as caught:
        sync(peer)
    assert caught.value.retry_after == 3600
    assert len(peer.asked) == 1


def test_a_page_that_fails_after_others_raises_and_concludes_nothing(sync: Sync) -> None:
    directory = Directory(users=people(6))

    def failing(asked: Asked) -> Answer:
        return answer({}, 404) if asked.query.get("startIndex") == "3" else directory(asked)

    with serving(failing) as peer, pytest.raises(ConfigurationError):
        sync(peer)


@pytest.mark.parametrize(
    ("directory", "reason"),
    [
        (Directory(users=people(5), totals=[9]), "announced 9 entries and sent 5"),
        (Directory(users=people(5), empty_from=4), "announced 5 entries and sent 4"),
        (Directory(users=people(5), empty_from=2), "announced 5 entries and sent 2"),
        (Directory(users=people(5), totals=[5, 6, 5]), "announced 5 and then 6"),
        (Directory(users=people(5), totals=[3]), "announced 3 entries and sent 4"),
        (Directory(users=[]), "sent nothing at all"),
        (Directory(users=[], totals=[0]), "sent nothing at all"),
        (Directory(users=[*people(3), people(1)[0]]), "twice"),
        (Directory(users=[*people(2), {"userName": "x"}, None]), "2 entries without a readable id"),
    ],
)
def test_a_list_that_does_not_add_up_is_taken_and_makes_nothing_vanish(
    sync: Sync, directory: Directory, reason: str
) -> None:
    with serving(directory) as peer:
        run = sync(peer)
    assert reason in run.reasons
    assert len(run.accounts) >= min(len(directory.users), 2)


def test_a_server_that_ignores_the_start_is_found_out_on_the_second_page(sync: Sync) -> None:
    with serving(Directory(users=people(5), ignores_start=True)) as peer:
        with pytest.raises(BrokenAnswer, match="does not understand startIndex"):
            sync(peer)
        assert len(peer.asked) == 2


def test_a_server_that_never_ends_is_stopped_by_its_repeats(sync: Sync) -> None:
    def turning(asked: Asked) -> Answer:
        return answer({"Resources": people(6)[int(asked.query["startIndex"]) % 3 :][:2], "totalResults": 10**8})

    with serving(turning) as peer, pytest.raises(BrokenAnswer, match="gets nowhere"):
        sync(peer)


@pytest.mark.parametrize(
    "directory",
    [
        Directory(users=people(7), cap=1),
        Directory(users=people(7), cap=3),
        Directory(users=people(7), totals=[None]),
        Directory(users=people(7), totals=["7"]),
        Directory(users=people(7), name="resources"),
        Directory(users=people(7), is_zero_based=True),
        Directory(users=people(6), is_zero_based=True, cap=1),
        Directory(users=people(1), is_zero_based=True),
    ],
)
def test_a_server_that_is_odd_but_whole_gives_everybody(sync: Sync, directory: Directory) -> None:
    with serving(directory) as peer:
        run = sync(peer, page_size=3)
    if directory.users == people(1):
        assert run.reasons  # with a single user there is nothing to tell the two ways of counting apart
        return
    assert run.verdict == Sound()
    assert sorted(run.accounts) == sorted(user["id"] for user in directory.users)


def test_a_server_that_sends_everything_at_once_is_fine_when_it_says_how_much(sync: Sync) -> None:
    everything = {"totalResults": 5, "Resources": people(5)}
    with serving(lambda _: answer(everything)) as peer:
        assert sync(peer).verdict == Sound()


ODD_USERS: list[tuple[dict[str, Any], str]] = [
    ({"displayName": "A\0B"}, "display_name"),
    ({"displayName": "x" * 10_000}, "display_name"),
    ({"displayName": ["A"]}, "displayName"),
    ({"name": "Ada"}, "name"),
    ({"emails": [{"value": "not an address"}]}, "email"),
    ({"emails": {"value": "a@b"}}, "emails"),
    ({"active": []}, "active"),
    ({"title": {"en": "Boss"}}, "title"),
    ({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": []}, "urn"),
]


@pytest.mark.parametrize(("odd", "column"), ODD_USERS)
def test_one_odd_user_is_one_problem_and_the_others_are_read(sync: Sync, odd: dict[str, Any], column: str) -> None:
    users = people(3)
    users[1] |= odd
    with serving(Directory(users=users)) as peer:
        run = sync(peer, page_size=10)
    assert run.accounts == ["u0", "u2"]
    [problem] = run.problems
    assert (problem.source_id, problem.column.partition(":")[0]) == ("u1", column)
    assert problem.reason
    assert run.verdict == Sound()  # its id is known, so it does not count as gone


def test_an_id_that_is_too_long_is_a_problem_with_the_id_as_far_as_it_can_be_kept(sync: Sync) -> None:
    with serving(Directory(users=[{"id": "x" * 300}])) as peer:
        [problem] = sync(peer).problems
    assert (problem.column, len(problem.source_id)) == ("source_id", 255)


def test_half_a_character_and_broken_utf8_spoil_one_user_only(sync: Sync) -> None:
    body = (
        b'{"totalResults":4,"Resources":[{"id":"u0","displayName":"\\ud83d\\ude00 \\\\ud800"},'
        b'{"id":"u1","displayName":"\\ud800"},{"id":"u2","displayName":"\xff"},{"id":"u3"}]}'
    )
    with serving(lambda _: Answer(body=body)) as peer:
        run = sync(peer, page_size=10)
    assert run.accounts == ["u0", "u3"]
    assert next(r.display_name for r in run.records if isinstance(r, Person)) == "😀 \\ud800"
    assert [problem.source_id for problem in run.problems] == ["u1", ""]


def test_null_everywhere_is_nothing_known(sync: Sync) -> None:
    user = dict.fromkeys(
        [
            "userName",
            "displayName",
            "name",
            "title",
            "userType",
            "active",
            "emails",
            "phoneNumbers",
            "addresses",
            "meta",
        ]
    )
    user |= {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": None}
    inner: dict[str, Any] = {
        "id": 7,
        "emails": [None, {"value": None, "type": None, "primary": None}],
        "addresses": [None, {"locality": None}],
        "name": {"givenName": None},
        "meta": {"created": None},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": None, "employeeNumber": None},
    }
    with serving(Directory(users=[{"id": "u0", **user}, inner])) as peer:
        run = sync(peer)
    assert run.problems == []
    assert [record for record in run.records if isinstance(record, Person)] == [
        Person(source_id="u0"),
        Person(source_id="7"),
    ]


def test_what_servers_really_send_is_understood(sync: Sync) -> None:
    user = {
        "id": "u0",
        "userName": "ada@corp.local",
        "name": {"givenName": "Ada", "familyName": "<script>alert(1)</script>"},
        "active": "False",
        "userType": "Service Account",
        "emails": [
            {"value": "ada.private@example.org", "type": "home"},
            {"value": "a.bos@corp.local", "type": "work"},
            {"value": "Ada@corp.local", "primary": "true"},
        ],
        "phoneNumbers": ["+31 20 555"],
        "addresses": [{"country": "NL", "type": "home"}, {"locality": " Gent ", "country": "BE"}],
        "meta": {"created": "0001-01-01T00:00:00Z"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": 42, "manager": "u9"},
    }
    with serving(Directory(users=[user])) as peer:
        run = sync(peer)
    assert run.records == [
        Person(
            source_id="u0",
            email="Ada@corp.local",
            aliases=("a.bos@corp.local",),
            given_name="Ada",
            family_name="<script>alert(1)</script>",
            display_name="Ada <script>alert(1)</script>",
            location="Gent, BE",
            employee_id="42",
            phone="+31 20 555",
            manager="u9",
            person_type="service",
            status="left",
        ),
        Account(
            source_id="u0",
            username="ada@corp.local",
            email="Ada@corp.local",
            display_name="Ada <script>alert(1)</script>",
            status="inactive",
            kind="service",
        ),
    ]


def test_groups_survive_null_members_and_one_bad_member_spoils_its_group_only(sync: Sync) -> None:
    groups: list[dict[str, Any]] = [
        {"id": "g0", "displayName": "Empty", "members": None},
        {"id": "g1", "displayName": "Some", "members": [None, {"value": "u0"}, {"value": "u0"}, {"value": 1}]},
        {"id": "g2", "displayName": "Nested", "members": [{"value": "g0", "$ref": "https://x/v2/Groups/g0"}]},
        {"id": "g3", "displayName": "Bad", "members": [{"value": None}]},
        {"id": "g4", "displayName": None},
    ]
    with serving(Directory(users=people(2), groups=groups)) as peer:
        run = sync(peer, has_groups=True)
    assert [r for r in run.records if isinstance(r, Entitlement)] == [
        Entitlement(source_id=f"g{i}", kind="group", name=name) for i, name in enumerate(("Empty", "Some", "Nested"))
    ]
    assert [(r.account, r.entitlement) for r in run.records if isinstance(r, Grant)] == [("u0", "g1"), ("1", "g1")]
    assert [problem.source_id for problem in run.problems] == ["g3", "g4"]
    assert run.checkpoint.facts["groups"].skipped == 1


def test_an_empty_list_of_groups_is_no_mistake(sync: Sync) -> None:
    with serving(Directory(users=people(1), groups=[])) as peer:
        assert sync(peer, has_groups=True).verdict == Sound()


@pytest.mark.parametrize(
    ("behave", "sentence"),
    [
        (lambda asked: answer({}, 404), "Users does not exist"),
        (lambda asked: answer({"schemas": ["urn:scim:schemas:core:1.0"]}), "SCIM 1.1"),
        (lambda asked: answer({}, 404) if "Groups" in asked.path else Directory()(asked), "untick “Read groups”"),
    ],
)
def test_the_check_says_what_to_change(behave: Behaviour, sentence: str) -> None:
    http = PlainHttp()
    with serving(behave) as peer, pytest.raises(ConfigurationError, match=sentence):
        CONNECTOR.check(Client(http), CONNECTOR.config({"base_url": peer.url}, {"token": Secret(peer.token)}))
    http.close()


def test_the_check_needs_no_description_of_the_service() -> None:
    http = PlainHttp()
    directory = Directory(users=people(1))
    with serving(lambda asked: answer({}, 404) if "Config" in asked.path else directory(asked)) as peer:
        CONNECTOR.check(Client(http), CONNECTOR.config({"base_url": peer.url}, {"token": Secret(peer.token)}))
    assert [asked.path.rpartition("/")[2] for asked in peer.asked] == ["ServiceProviderConfig", "Users", "Groups"]
    http.close()


def test_another_process_goes_on_from_the_written_checkpoint(sync: Sync) -> None:
    http = PlainHttp()
    with serving(Directory(users=people(5))) as peer:
        config = CONNECTOR.config({"base_url": peer.url, "page_size": 2}, {"token": Secret(peer.token)})
        written, found = msgspec.json.encode(Checkpoint()), []
        while upcoming := msgspec.json.decode(written, type=Checkpoint).upcoming(CONNECTOR.streams[:1]):
            stream, cursor = upcoming
            page = stream.fetch(Client(http), config, cursor)
            found += [record.source_id for record in page.records if isinstance(record, Account)]
            checkpoint = msgspec.json.decode(written, type=Checkpoint).passed(stream.key, page, duplicates=0)
            written = msgspec.json.encode(checkpoint)
    http.close()
    assert found == ["u0", "u1", "u2", "u3", "u4"]
    assert judge(CONNECTOR.streams[:1], msgspec.json.decode(written, type=Checkpoint).facts) == Sound()

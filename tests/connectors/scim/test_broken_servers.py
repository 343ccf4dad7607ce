"""What the connector concludes from servers that are wrong (attacks.md SCIM-05): never that somebody is gone."""

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
from connectors.sdk.integrity import Checkpoint, Sound, judge
from connectors.sdk.records import Account
from connectors.sdk.redaction import Secret
from tests.connectors.plain_http import PlainHttp
from tests.connectors.scim.runs import Sync
from tests.peers.broken_scim import Answer, Asked, Behaviour, Directory, answer, first, people, serving


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


@pytest.mark.parametrize("seconds", [11, 3600])
def test_a_wait_of_more_than_a_few_seconds_is_left_to_the_job(sync: Sync, seconds: int) -> None:
    with serving(lambda _: answer({}, 429, Retry_After=str(seconds))) as peer, pytest.raises(RateLimited) as caught:
        sync(peer)
    assert caught.value.retry_after == seconds
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

"""What a sync does: brings, changes, ends and brings back, and tells the trail."""

from dataclasses import replace

import sqlalchemy as sa

from app.access.actions import link_account
from app.access.models import Account
from app.apps.records import Owner
from app.connections.models import StagedRecord
from app.connections.sync import run
from app.core.audit import Event
from app.core.database import Database
from tests.builders import make_person
from tests.connections.directory import directory, group, hold, users
from tests.connections.harness import ADMIN, Bench
from tests.inventory import events
from tests.peers.scim import Peer

FIRST = range(10)


def _news(database: Database, *wanted: Event) -> list[str]:
    with database.transaction() as db:
        return [f"{action} {facts.subject}" for action, facts in events(db) if action in wanted]


def _rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    with database.transaction(read_only=True) as db:
        return [tuple(row) for row in db.rows(sa.text(statement))]


def test_a_first_sync_of_a_real_server_brings_people_accounts_groups_and_members(bench: Bench, scim: Peer) -> None:
    result = bench.sync(bench.connect(scim), scim)
    assert (result.state, result.sync.verdict) == ("done", "sound"), result.facts
    assert bench.present() == {"active": 18, "left": 2, "accounts": 20, "entitlements": 3, "grants": 20}
    assert _rows(bench.database, "SELECT count(*) FROM people WHERE manager_id IS NOT NULL") == [(19,)]
    assert _rows(bench.database, "SELECT count(*) FROM accounts WHERE linked_by = 'email'") == [(20,)]
    assert bench.counts("staged_records", "sync_checkpoints") == {"staged_records": 0, "sync_checkpoints": 0}


def test_a_first_sync_tells_the_trail_once(bench: Bench, scim: Peer) -> None:
    bench.sync(bench.connect(scim), scim)
    told = _news(bench.database, Event.SYNC_FINISHED, Event.PERSON_JOINED, Event.PERSON_LEFT, Event.ACCOUNT_VANISHED)
    assert told == ["sync.finished Directory"]


def test_a_second_sync_of_the_same_changes_nothing(bench: Bench, scim: Peer) -> None:
    connection = bench.connect(scim)
    bench.sync(connection, scim)
    tables = (
        "people",
        "person_records",
        "person_emails",
        "accounts",
        "account_states",
        "entitlements",
        "grants",
        "facets",
    )
    statement = " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t" for name in tables
    )
    before = _rows(bench.database, statement)
    result = bench.sync(connection, scim)
    assert _rows(bench.database, statement) == before
    assert [(kind, one.added, one.changed, one.vanished) for kind, one in result.facts.counts.items()] == [
        ("person", 0, 0, 0), ("entitlement", 0, 0, 0), ("account", 0, 0, 0), ("grant", 0, 0, 0),
    ]  # fmt: skip


def test_what_changed_is_changed_and_only_that(bench: Bench) -> None:
    with directory(users(*FIRST), [group(0, 1, 2)]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        hold(peer, [*users(*range(9)), *users(9, title="Promoted", active=True)], [group(0, 2, 3)])
        result = bench.sync(connection, peer)
    assert [result.count(kind, "changed") for kind in ("person", "account", "entitlement")] == [1, 1, 0]
    assert (result.count("grant", "added"), result.count("grant", "vanished")) == (1, 1)
    changed = "(SELECT account_id FROM account_states WHERE seen_until IS NOT NULL)"
    states = f"SELECT status, seen_until IS NULL FROM account_states WHERE account_id IN {changed} ORDER BY seen_from"
    assert _rows(bench.database, states) == [("inactive", False), ("active", True)]
    assert _news(bench.database, Event.PERSON_JOINED, Event.PERSON_LEFT) == ["person.joined Joost Dekker"]


def test_who_is_no_longer_there_leaves_and_comes_back_with_a_new_interval(bench: Bench) -> None:
    with directory(users(*FIRST), [group(0, *FIRST)]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        hold(peer, users(*range(1, 10)), [group(0, *range(1, 10))])
        gone = bench.sync(connection, peer)
        assert [gone.count(kind, "vanished") for kind in ("person", "account", "grant")] == [1, 1, 1]
        assert bench.present()["accounts"] == 9
        told = _news(bench.database, Event.PERSON_LEFT, Event.ACCOUNT_VANISHED)
        assert [line.partition(" in ")[0] for line in told] == [
            "person.left Ada Achterberg", "account.vanished person0@corp.local",
        ]  # fmt: skip
        hold(peer, users(*FIRST), [group(0, *FIRST)])
        back = bench.sync(connection, peer)
    assert back.count("account", "changed") == 1
    assert bench.present() == {"active": 9, "left": 1, "accounts": 10, "entitlements": 1, "grants": 10}
    closed = "SELECT count(*) FROM {} WHERE seen_until IS NOT NULL"
    assert _rows(bench.database, closed.format("account_states")) == [(1,)]
    assert _rows(bench.database, closed.format("grants")) == [(1,)]


def test_a_link_made_by_hand_survives_every_sync(bench: Bench) -> None:
    with directory(users(*FIRST)) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        with bench.database.transaction() as db:
            other = make_person(db, "Somebody Else", "else@example.com")
            account = db.session.scalars(sa.select(Account)).first()
            assert account is not None
            link_account(db, ADMIN, account, person=Owner(other, "Somebody Else"))
            account_id = account.id
        hold(peer, users(*FIRST, title="Changed"))
        bench.sync(connection, peer)
    assert _rows(bench.database, f"SELECT person_id, linked_by FROM accounts WHERE id = '{account_id}'") == [
        (other, "hand")
    ]


def test_people_of_two_sources_are_one_by_address_and_then_by_alias(bench: Bench) -> None:
    alias = {"emails": [{"value": "new@corp.local", "primary": True}, {"value": "person1@corp.local"}]}
    with (
        directory(users(0, 1)) as first,
        directory([*users(0, title="Boss"), *users(1, **alias, userName="n")]) as second,
    ):
        bench.sync(bench.connect(first), first)
        result = bench.sync(bench.connect(second, name="Second", decides=False), second)
    assert result.count("person", "added") == 2
    assert bench.counts("people", "person_records", "person_emails") == {
        "people": 2, "person_records": 4, "person_emails": 3,
    }  # fmt: skip


def test_an_address_that_moves_from_one_person_to_another_goes_along(bench: Bench) -> None:
    def named(number: int, email: str) -> dict[str, object]:
        return users(number, userName=email, emails=[{"value": email, "primary": True}])[0]

    with directory([named(1, "a@corp.local"), named(2, "b@corp.local")]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        owners = "SELECT encode(email_index, 'hex'), person_id FROM person_emails ORDER BY 1"
        before = dict(_rows(bench.database, owners))  # type: ignore[arg-type]
        hold(peer, [named(1, "b@corp.local"), named(2, "a@corp.local")])
        bench.sync(connection, peer)
        after = dict(_rows(bench.database, owners))  # type: ignore[arg-type]
    assert before.keys() == after.keys()
    assert set(before.values()) == set(after.values())
    assert all(before[key] != after[key] for key in before)
    assert _rows(bench.database, "SELECT count(*) FROM accounts WHERE person_id IS NOT NULL") == [(2,)]


def test_what_was_typed_here_is_not_overwritten(bench: Bench) -> None:
    with directory(users(1)) as peer:
        with bench.database.transaction() as db:
            make_person(db, "Typed Here", "person1@corp.local", is_manual=True)
        bench.sync(bench.connect(peer), peer)
    assert bench.counts("people", "person_records") == {"people": 1, "person_records": 1}
    from app.people.models import Person, PersonFacts

    with bench.database.transaction() as db:
        person = db.session.scalars(sa.select(Person)).one()
        assert db.open(PersonFacts, Person, person.id, person.sealed).display_name == "Typed Here"


def test_source_ids_that_differ_only_in_case_are_two(bench: Bench) -> None:
    twins = [{**users(1)[0], "id": "abcDEF"}, {**users(2)[0], "id": "ABCdef"}]
    with directory(twins) as peer:
        result = bench.sync(bench.connect(peer), peer)
    assert result.sync.verdict == "sound"
    assert bench.present()["accounts"] == 2


def test_a_record_that_cannot_be_read_is_told_and_does_not_count_as_gone(bench: Bench) -> None:
    with directory(users(*FIRST), [group(0, *FIRST)]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        hold(peer, [*users(*range(9)), {"id": users(9)[0]["id"], "userName": "x" * 500}], [group(0, *FIRST)])
        result = bench.sync(connection, peer)
    assert (result.state, result.sync.problems) == ("done", 1)
    assert [result.count(kind, "vanished") for kind in ("person", "account", "grant")] == [0, 0, 0]


def test_groups_that_are_no_longer_read_end(bench: Bench) -> None:
    from app.connections.actions import change_connection
    from app.connections.models import Connection
    from connectors.registry import CONNECTORS

    with directory(users(0, 1), [group(0, 0, 1)]) as peer:
        connection = bench.connect(peer)
        bench.sync(connection, peer)
        with bench.database.transaction() as db:
            found = db.find(Connection, connection, lock=True)
            assert found is not None
            change_connection(db, ADMIN, CONNECTORS["scim"], found, {"settings": {"has_groups": False}})
        bench.sync(connection, peer)
    assert bench.present()["entitlements"] == bench.present()["grants"] == 0


def test_what_an_earlier_version_has_staged_is_joined_all_the_same(bench: Bench) -> None:
    """Its rows of people do not say whose address they bear: an update may come between two pages."""
    with directory(users(1, 2, 3)) as peer:
        first = bench.connect(peer)
        assert bench.sync(first, peer).state == "done"
        second = bench.connect(peer, decides=False, name="Another directory", settings={"page_size": 2})
        sync_id = bench.request(second)
        asked = len(peer.asked)
        stopping = replace(bench.runtime(peer.url), should_stop=lambda: len(peer.asked) > asked)
        run(stopping, sync_id=str(sync_id))
        with bench.database.transaction() as db:
            old = sa.update(StagedRecord).where(StagedRecord.kind == "person").values(email_index=None)
            assert db.run(old) > 0
        run(bench.runtime(peer.url), sync_id=str(sync_id))
    assert bench.result(sync_id).state == "done"
    assert bench.counts("people", "person_records", "person_emails") == {
        "people": 3,
        "person_records": 6,
        "person_emails": 3,
    }

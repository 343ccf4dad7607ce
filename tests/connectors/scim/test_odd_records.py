"""One odd record is one problem: it spoils neither its page nor the sync (attacks.md SCIM-05)."""

from typing import Any

import pytest

from connectors.sdk.integrity import Sound
from connectors.sdk.records import Account, Entitlement, Grant, Person
from tests.connectors.scim.runs import Sync
from tests.peers.broken_scim import Answer, Directory, people, serving

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

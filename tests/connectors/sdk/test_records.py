"""Records hold only what can be stored and shown."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from connectors.sdk.records import (
    Account,
    AppEntry,
    Entitlement,
    Grant,
    Person,
    Problem,
    Record,
    RecordRefused,
    identity,
    kind_of,
)


@pytest.mark.parametrize(
    ("facts", "column", "reason"),
    [
        ({"source_id": ""}, "source_id", "is empty"),
        ({"source_id": "x" * 256}, "source_id", "longer than 255"),
        ({"source_id": "a\0"}, "source_id", "not text"),
        ({"source_id": "a\nb"}, "source_id", "not text"),
        ({"source_id": "\ud800"}, "source_id", "not text"),
        ({"display_name": "a\0b"}, "display_name", "not text"),
        ({"display_name": "\udfff"}, "display_name", "not text"),
        ({"display_name": "\x1b[31mred"}, "display_name", "not text"),
        ({"display_name": "x" * 201}, "display_name", "longer than 200"),
        ({"email": "no address"}, "email", "is not an e-mail address"),
        ({"email": "a@b@c"}, "email", "is not an e-mail address"),
        ({"email": "a@b, c@d"}, "email", "is not an e-mail address"),
        ({"email": f"{'x' * 320}@b"}, "email", "longer than 320"),
        ({"aliases": ("nobody",)}, "aliases", "is not an e-mail address"),
        ({"aliases": tuple(f"a{i}@b" for i in range(101))}, "aliases", "more than 100"),
        ({"start_date": date(1, 1, 1)}, "start_date", "between 1900 and 2200"),
        ({"leaving_date": date(9999, 12, 31)}, "leaving_date", "between 1900 and 2200"),
    ],
)
def test_a_person_is_refused_with_column_and_reason(facts: dict[str, Any], column: str, reason: str) -> None:
    with pytest.raises(RecordRefused, match=reason) as refused:
        Person(**{"source_id": "p", **facts})
    assert refused.value.column == column


def test_a_moment_without_a_zone_is_refused_and_any_other_becomes_utc() -> None:
    with pytest.raises(RecordRefused, match="has no time zone"):
        Account(source_id="a", last_login_at=datetime(2024, 5, 1))  # noqa: DTZ001 - that is the test
    east = datetime(2024, 5, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    account = Account(source_id="a", last_login_at=east)
    assert account.last_login_at == datetime(2024, 4, 30, 23, tzinfo=UTC)
    assert account.last_login_at.tzinfo is UTC


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://example.com", "//evil.example", "https://", "data:x"])
def test_an_app_takes_no_address_but_of_the_web(url: str) -> None:
    with pytest.raises(RecordRefused, match="http"):
        AppEntry(source_id="a", name="A", url=url)


def test_names_are_needed_where_there_is_nothing_else_to_show() -> None:
    with pytest.raises(RecordRefused, match="is empty"):
        Entitlement(source_id="e", kind="role", name=" \t ")
    with pytest.raises(RecordRefused, match="is empty"):
        AppEntry(source_id="e", name="")
    with pytest.raises(RecordRefused, match="is empty"):
        Grant(account="", entitlement="e")


def test_text_is_trimmed_composed_and_on_one_line_except_notes() -> None:
    person = Person(source_id=" p ", display_name="  Zoe\u0308\r\nBos\t ", email=" Zoë@corp.local ")
    assert (person.source_id, person.display_name, person.email) == (" p ", "Zoë Bos", "Zoë@corp.local")
    assert AppEntry(source_id="a", name="A", notes=" one\r\ntwo ").notes == "one\ntwo"


def test_markup_is_kept_as_typed() -> None:
    text = "<script>alert('O\u2019Neill')</script> =1+1 \u202eabc 😀"
    assert Person(source_id="p", display_name=text).display_name == text


def test_a_record_prints_its_id_and_nothing_about_anybody() -> None:
    assert repr(Person(source_id="p1", email="ada@corp.local", display_name="Ada")) == "Person('p1')"
    assert repr(Grant(account="a", entitlement="e")) == "Grant('a', 'e')"
    assert "secret" not in repr(Problem(kind="person", reason="is odd", value="secret"))


def test_two_different_grants_never_have_the_same_identity() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("1:a", "b"), ("", "1:ab")]
    assert len({identity(Grant(account=a, entitlement=e)) for a, e in pairs if a}) == 3


def test_every_kind_of_record_comes_back_from_json() -> None:
    records: list[Record] = [
        Person(source_id="p", aliases=("a@b",), start_date=date(2024, 5, 1)),
        Account(source_id="a", created_at=datetime(2024, 5, 1, tzinfo=UTC)),
        Entitlement(source_id="e", kind="licence", name="Pro", is_privileged=True),
        Grant(account="a", entitlement="e"),
        AppEntry(source_id="x", name="X", status="plan_to_close"),
    ]
    written = msgspec.json.encode(records)
    assert msgspec.json.decode(written, type=list[Record]) == records
    assert [kind_of(record) for record in records] == ["person", "account", "entitlement", "grant", "app"]

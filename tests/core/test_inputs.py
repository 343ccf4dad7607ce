"""What comes in is judged as JSON means it, and nothing gets through that a later reader would choke on."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from app.core.incoming.field_messages import field_errors
from app.core.incoming.inputs import (
    ABSENT,
    Day,
    Email,
    Input,
    Int4,
    Int8,
    Limit,
    Line,
    LongText,
    Moment,
    Name,
    PathId,
    changes,
)


class Kind(StrEnum):
    HUMAN = "human"
    ROBOT = "robot"


class Seat(Input):
    number: Int4


class Thing(Input):
    name: Name
    line: Line = ""
    note: LongText | None = None
    email: Email | None = None
    kind: Kind = Kind.HUMAN
    id: UUID | None = None
    at: Moment | None = None
    day: Day | None = None
    seats: tuple[Seat, ...] = ()
    free: dict[Line, Any] | None = None
    secret: SecretStr | None = None
    ok: bool = False
    ratio: float = 0.0
    big: Int8 = 0
    word: Literal["a", "b"] = "a"


class Change(Input):
    name: Name = ABSENT
    note: LongText | None = ABSENT


def wrong(values: Any) -> dict[str, str]:
    """The messages, from the same call that FastAPI makes."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Thing).validate_python(values, from_attributes=True)
    return {one.field: one.message for one in field_errors(caught.value)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a\x00b"), ("name", "\ud800"), ("name", "a\nb"), ("name", "a\x1b[31m"), ("name", "a\x85b"), ("name", "  "),
        ("name", "n" * 201), ("name", 5), ("name", None), ("name", ["x"]), ("line", "a\tb"), ("line", "x" * 1001),
        ("note", "a\x00"), ("note", "\udfff"), ("note", "x" * 10_001), ("kind", "alien"), ("kind", 1), ("id", "x"),
        ("id", 7),
        ("at", "2026-01-01T00:00:00"), ("at", 1_700_000_000), ("at", "1700000000"), ("at", "0001-01-01T00:00:00+14:00"),
        ("at", "9999-12-31T23:59:59-12:00"), ("at", "2200-01-01T00:00:00Z"), ("at", "1969-12-31T23:59:59Z"), ("at", ""),
        ("day", 5), ("day", "5"), ("day", "2026-02-30"), ("day", "0001-01-01"), ("day", "9999-12-31"), ("day", True),
        ("day", "1699920000"), ("day", "2026-01-01T10:00:00"), ("at", True),
        ("at", "2026-01-01"),
        ("seats", [{"number": 2**31}]), ("seats", [{"number": 1.0}]), ("seats", [{"number": "1"}]), ("seats",
        [{"number": True}]),
        ("seats", "x"), ("seats", [{}]), ("ok", "yes"), ("ok", 1), ("ratio", "1"), ("ratio", float("nan")),
        ("ratio", float("inf")), ("ratio", 1e300), ("big", 2**63), ("big", -(2**63) - 1), ("big", 10**400), ("big", 1.5),
        ("free", {"a": float("nan")}), ("free", {"a": [2**63]}), ("free", {"a": {"b": "\x00"}}), ("free", {"\ud800": 1}),
        ("free", {"a": "\ud800"}), ("word", "c"), ("email", "x"), ("unknown", 1), ("id_", 1), ("\x00", 1), ("u" * 10_000, 1),
    ],
)  # fmt: skip
def test_a_value_that_json_would_not_mean_or_the_database_not_hold_is_refused_by_its_field(
    field: str, value: Any
) -> None:
    messages = wrong({"name": "x", field: value})
    assert len(messages) == 1
    ((named, message),) = messages.items()
    assert named.partition(".")[0] == field or len(field) > 100 or not field.isprintable()
    assert message.endswith(".")
    assert json.dumps(messages).isascii()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400"])
def test_a_number_that_is_none_is_refused_from_json_text_as_well(number: str) -> None:
    with pytest.raises(ValidationError):
        Thing.model_validate_json(f'{{"name": "x", "ratio": {number}}}')


def test_nesting_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    assert list(wrong({"name": "x", "free": {"a": deep}}).values()) == ["This is nested too deeply."]


@pytest.mark.parametrize("body", [[], "x", 5, None, b"{}", True])
def test_a_body_that_is_not_an_object_is_refused(body: Any) -> None:
    assert wrong(body) == {"": "This must be an object."}


def test_what_was_typed_is_in_no_message_and_no_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate({"name": "canary" * 100, "day": "canary", "kind": "canary"})
    assert "canary" not in str(caught.value) + repr(field_errors(caught.value))


def test_at_most_twenty_messages_are_given() -> None:
    assert len(wrong({"name": "x", **{f"field{n}": 1 for n in range(500)}})) == 20


def test_every_kind_of_value_arrives_as_python_has_it() -> None:
    thing = Thing.model_validate(
        {
            "name": " <b>Ünal</b> ", "kind": "robot", "id": "0190aaaa-0000-7000-8000-000000000001", "seats": [{"number": 3}],
            "at": "2026-01-01T01:00:00+02:00", "day": "2026-12-12", "secret": "s", "ratio": 1, "note": "a\n\tb", "word": "b",
            "free": {"a": [1, None, {"b": 2.5}]},
        }
    )  # fmt: skip
    assert (thing.name, thing.kind, thing.seats, thing.word) == ("<b>Ünal</b>", Kind.ROBOT, (Seat(number=3),), "b")
    assert thing.id == UUID("0190aaaa-0000-7000-8000-000000000001")
    assert thing.at == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert thing.at is not None
    assert thing.at.tzinfo is UTC
    assert (thing.day, thing.ratio, thing.note) == (date(2026, 12, 12), 1.0, "a\n\tb")
    assert thing.free == {"a": [1, None, {"b": 2.5}]}
    assert thing.secret is not None
    assert thing.secret.get_secret_value() == "s"


def test_a_model_may_also_be_built_from_python_values() -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    thing = Thing(name="x", at=moment, day=date(2026, 1, 1), seats=(Seat(number=1),), id=UUID(int=1))
    assert thing.at == moment
    assert thing.seats[0].number == 1


def test_what_was_left_out_is_told_from_what_was_cleared() -> None:
    assert changes(Change.model_validate({})) == {}
    assert changes(Change.model_validate({"note": None})) == {"note": None}
    assert changes(Change.model_validate({"name": "x"})) == {"name": "x"}
    with pytest.raises(ValidationError):
        Change.model_validate({"name": None})
    assert "default" not in Change.model_json_schema()["properties"]["name"]


def test_a_text_field_that_says_nothing_about_its_length_is_refused_when_the_class_is_made() -> None:
    for annotation in (str, str | None, list[str], dict[str, int]):
        with pytest.raises(TypeError, match="bare str"):
            type("Careless", (Input,), {"__annotations__": {"field": annotation}})
    type(
        "Careful", (Input,), {"__annotations__": {"a": Line, "b": list[Name], "c": Annotated[str, Field(max_length=5)]}}
    )


@pytest.mark.parametrize(("limit", "is_fine"), [(0, False), (1, True), (1000, True), (1001, False), (-1, False)])
def test_a_page_holds_1_to_1000_rows(limit: int, is_fine: bool) -> None:
    adapter = TypeAdapter(Limit)
    if is_fine:
        assert adapter.validate_python(str(limit)) == limit
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(str(limit))


@pytest.mark.parametrize("text", ["", "1", "x" * 40, "../etc", "0190aaaa-0000-7000-8000-00000000000g", str(2**63)])
def test_an_id_in_a_path_is_a_uuid(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PathId).validate_python(text)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(st.characters(exclude_categories=[]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*Thing.model_fields, "other"]), _json))
def test_any_object_is_either_taken_whole_and_storable_or_refused_with_plain_messages(values: dict[str, Any]) -> None:
    try:
        thing = Thing.model_validate(values)
    except ValidationError as error:
        errors = field_errors(error)
        assert errors
        assert all(one.message and one.field.encode() for one in errors)
    else:
        stored = thing.model_dump_json()
        assert "\\u0000" not in stored
        assert Thing.model_validate_json(stored).model_dump() == thing.model_dump()

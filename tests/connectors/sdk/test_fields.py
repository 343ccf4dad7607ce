"""Forms of connections: what is refused, and when a saved secret is dropped."""

import pickle
from typing import Any

import pytest

from connectors.sdk.errors import ConfigurationError
from connectors.sdk.fields import Choice, Config, Field, FieldsRefused, Parsed, Value, parse, points_elsewhere
from connectors.sdk.redaction import Secret

FIELDS = (
    Field(name="base_url", label="Address", kind="url", locates_host=True),
    Field(name="token", label="Token", kind="secret"),
    Field(name="size", label="Size", kind="number", required=False, default=200, minimum=1, maximum=1000),
    Field(name="is_on", label="On", kind="boolean", required=False, default=True),
    Field(name="region", label="Region", kind="choice", required=False, choices=(Choice("eu", "Europe"),)),
    Field(name="note", label="Note", kind="text", required=False, longest=10),
    Field(name="upload", label="File", kind="file"),
)
GOOD: dict[str, Any] = {"base_url": "https://corp.example/scim", "token": "t0p-secret"}


def refused(given: dict[str, Any], **saved: Any) -> dict[str, str]:
    with pytest.raises(FieldsRefused) as caught:
        parse(FIELDS, GOOD | given, **saved)
    return {problem.field: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    "url",
    [
        "corp.example",
        "//corp.example",
        "ftp://corp.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://:@corp.example",
        "https://evil@corp.example",
        "https://corp.example?x=1",
        "https://corp.example/?",
        "https://corp.example/#frag",
        "https://corp.example:99999",
        "https://[::1",
        "https://corp .example",
        "https://corp.example/\nHost: evil",
        "https://corp.example/" + "x" * 2048,
        7,
        ["https://corp.example"],
    ],
)
def test_an_address_that_is_not_plainly_one_is_refused(url: Any) -> None:
    assert list(refused({"base_url": url})) == ["base_url"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token", "a\nb"),
        ("token", "x" * 8193),
        ("token", 5),
        ("size", "0"),
        ("size", 1001),
        ("size", True),
        ("size", 1.5),
        ("size", "1e2"),
        ("size", "٣"),
        ("size", "9" * 5000),
        ("size", 2**64),
        ("is_on", "perhaps"),
        ("is_on", 2),
        ("region", "us"),
        ("note", "x" * 11),
        ("note", "\ud800"),
        ("note", "a\0"),
        ("unheard_of", "x"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_field(field: str, value: Any) -> None:
    assert list(refused({field: value})) == [field]


def test_all_that_is_wrong_is_said_at_once_and_needed_fields_are_asked_for() -> None:
    assert refused({"base_url": "", "token": " ", "size": "x"}) == {
        "base_url": "Address: this is needed.",
        "token": "Token: this is needed.",
        "size": "Size: a whole number from 1 to 1,000.",
    }


def test_what_is_left_out_takes_its_default_and_an_unticked_box_is_no() -> None:
    assert parse(FIELDS, GOOD).values == {"base_url": "https://corp.example/scim", "size": 200, "is_on": True}
    assert parse(FIELDS, GOOD | {"is_on": ""}).values["is_on"] is False
    assert parse(FIELDS, GOOD | {"size": "", "is_on": "on", "region": " eu "}).values == {
        "base_url": "https://corp.example/scim",
        "size": 200,
        "is_on": True,
        "region": "eu",
    }


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        (" HTTPS://Corp.Example/Scim/ ", "https://corp.example/Scim"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://corp.example:8443//", "https://corp.example:8443"),
    ],
)
def test_addresses_are_saved_in_one_spelling(typed: str, saved: str) -> None:
    assert parse(FIELDS, GOOD | {"base_url": typed}).values["base_url"] == saved


SAVED: dict[str, Value] = {"base_url": "https://corp.example/scim", "size": 200, "is_on": True}


def test_a_saved_secret_is_kept_while_the_connection_points_to_the_same_place() -> None:
    kept = parse(FIELDS, {"base_url": "https://CORP.example/scim/", "size": "5"}, saved=SAVED, saved_secrets=["token"])
    assert (kept.secrets, kept.dropped) == ({}, frozenset())


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/scim",
        "http://corp.example/scim",
        "https://corp.example:444/scim",
        "https://corp.example/x",
    ],
)
def test_a_saved_secret_is_dropped_and_asked_for_when_the_connection_points_elsewhere(elsewhere: str) -> None:
    moved = {"base_url": elsewhere, "token": ""}
    assert refused(moved, saved=SAVED, saved_secrets=["token"]) == {
        "token": "Token: the address has changed, so enter this again."
    }
    parsed = parse(FIELDS, moved | {"token": "new"}, saved=SAVED, saved_secrets=["token"])
    assert parsed.secrets["token"].reveal() == "new"
    assert parsed.dropped == {"token"}
    assert points_elsewhere(FIELDS, SAVED, parsed.values)


def test_a_secret_shows_nowhere() -> None:
    secret = Secret("t0p-secret")
    parsed = Parsed({}, {"token": secret})
    config = Config(FIELDS, SAVED, {"token": secret})
    assert "t0p-secret" not in f"{secret} {secret!r} {parsed!r} {config!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert config.secret("token").reveal() == "t0p-secret"


def test_settings_that_are_not_there_are_a_sentence_for_a_person() -> None:
    config = Config((), {"size": "many"})
    with pytest.raises(ConfigurationError, match="Enter it"):
        config.secret("token")
    with pytest.raises(ConfigurationError, match="“size” is missing"):
        config.number("size")
    assert config.text("base_url") == ""
    assert config.flag("is_on") is False

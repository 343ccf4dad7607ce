"""No secret and nothing that a terminal obeys gets into a log line, under whatever name it comes."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import tokens
from app.core.redaction import HIDDEN, MAX_TEXT, clean, redact
from app.core.settings import Settings


@pytest.mark.parametrize(
    "name",
    "password newPassword db_passwd client_secret token accessToken x-api-key api_key Authorization Set-Cookie totp_code "
    "code recovery_codes key private.key session credentials otp_seed passphrase jwt".split(),
)
def test_a_value_under_a_secret_name_is_hidden_however_deep(name: str) -> None:
    assert clean(name, "canary") == HIDDEN
    assert clean("outer", [{"inner": {name: ["canary"]}}]) == [{"inner": {name: HIDDEN}}]


@pytest.mark.parametrize(
    "name", "status_code http.response.status_code exit_code key_id keyboard user path tokeniser".split()
)
def test_an_ordinary_name_is_not_hidden(name: str) -> None:
    assert clean(name, "shown") == "shown"


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("refused swk_0190aa_canary_x1", "canary"),
        ("header was Bearer canary.abc", "canary"),
        ("basic Y2FuYXJ5", "Y2FuYXJ5"),
        ("password=canary and more", "canary"),
        ("client_secret: canary", "canary"),
        ("token eyJhbGciOi.canary.sig", "canary"),
        ("otpauth://totp/x?secret=canary", "canary"),
        ("-----BEGIN EC PRIVATE KEY-----\ncanary", "canary"),
        ("postgresql://app:canary@db/x", "canary"),
        ("anna.canary+x@corp.local said", "canary"),
        ("GET /x?code=canary&b=1 HTTP/1.1", "canary"),
        ("https://h/x?canary", "canary"),
        ("/setup/" + "canary_" * 7, "canary"),
    ],
)
def test_a_secret_is_known_by_its_look(text: str, canary: str) -> None:
    assert canary not in redact(text)
    assert canary not in redact("ü" * 20 + " " + text)


def test_every_secret_that_we_make_is_known_by_its_look() -> None:
    for secret in (tokens.make().text, tokens.random_secret()):
        assert secret[5:] not in redact(f"saw {secret} here")


@given(st.text(max_size=60))
def test_a_line_holds_only_characters_that_are_plain(text: str) -> None:
    shown = redact(text + "\r\n\x1b[31m\x00\u202e\u2028\ud800\u200b")
    assert not any(ord(char) < 32 or ord(char) in {0x7F, 0x1B, 0x202E, 0x2028, 0x200B} for char in shown)
    assert shown.encode("utf-8")


def test_a_long_value_is_cut_and_says_how_long_it_was_and_its_hash() -> None:
    one, other = redact("word " * 200_000), redact("word " * 199_999 + "wird ")
    assert len(one) < MAX_TEXT + 100
    assert "1000000 characters" in one
    assert one != other


def test_ordinary_text_is_kept_as_it_is() -> None:
    for text in (
        "Sync of Ünal's app finished: 12 of 13 — why? Because.",
        "/people/0190aaaa-0000-7000-8000-000000000001",
    ):
        assert redact(text) == text


def test_only_known_kinds_of_values_are_written_out() -> None:
    class Colour(Enum):
        RED = "red"

    class Thing:
        def __repr__(self) -> str:
            return "canary"

    assert clean("x", {"t": Thing(), "b": b"canary", "s": Settings.model_construct()}) == {
        "t": "<Thing>", "b": "<6 bytes>", "s": "<Settings>",
    }  # fmt: skip
    assert clean("x", [Colour.RED, UUID(int=1), Decimal("1.50"), None, True, 2.5]) == [
        "red", "00000000-0000-0000-0000-000000000001", "1.50", None, True, 2.5,
    ]  # fmt: skip
    assert clean("x", datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02 00:00:00+00:00"
    assert clean("x", 2**200) == "<an integer of 201 bits>"
    assert len(clean("x", list(range(1000)))) == 50
    assert clean("x", {"a": {"b": {"c": {"d": {"e": 1}}}}}) == {"a": {"b": {"c": {"d": "<deeper>"}}}}

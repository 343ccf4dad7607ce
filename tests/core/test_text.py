"""E-mail addresses: what is one, and that no other letter ever turns into an ASCII one."""

import sys

import pytest

from app.core.incoming.text import address_key, canonical_email, email, one_line


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "@", "@x.com", "x@", "a@b@c.com", "a b@c.com", "a@b c.com", '"a b"@c.com', "a@[127.0.0.1]",
        "a@-b.com", "a@b-.com",
        "a@b..com", "a@.b.com", "a@b.com.", ".a@b.com", "a.@b.com", "a..b@c.com", "a@b.com\n.evil.com", "a\x00@b.com",
        "a\r\n@b.com",
        "a,b@c.com", "a@b.com,c@d.com", "<a@b.com>", "a@b.com;x", "a" * 65 + "@b.com", "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com", "\u212aate@example.com", "ﬁona@example.com", "\uff41nna@example.com",
        "anna@\uff45xample.com",
        "anna@exampl\u212a.com", "anna@①②.com", "ma\u017fon@example.com", "\ud800@b.com", "a@b\u200b.com", "a\u00a0b@c.com",
    ],
)  # fmt: skip
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        canonical_email(text)
    with pytest.raises(ValueError, match="e-mail address"):
        email(text)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("anna@corp.local", "anna@corp.local"),
        (" Anna.Müller+x@Example.COM ", "anna.müller+x@example.com"),
        ("admin@localhost", "admin@localhost"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("x@münchen.de", "x@xn--mnchen-3ya.de"),
        ("x@MÜNCHEN.de", "x@xn--mnchen-3ya.de"),
        ("x@xn--MNCHEN-3ya.de", "x@xn--mnchen-3ya.de"),
        ("straße@example.com", "straße@example.com"),
        ("用户@例子.公司", "用户@xn--fsqu00a.xn--55qx5d"),
    ],
)
def test_an_address_has_one_form_and_keeps_its_spelling(typed: str, canonical: str) -> None:
    assert canonical_email(typed) == canonical
    assert canonical_email(canonical) == canonical
    assert email(typed) == typed.strip()


def test_no_letter_outside_ascii_ever_becomes_an_ascii_address() -> None:
    for code in range(128, sys.maxunicode + 1):
        try:
            address = canonical_email(f"mi{chr(code)}ke@example.com")
        except ValueError:
            continue
        assert not address.isascii(), hex(code)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Ada@Example.com ", "ada@example.com", True),
        ("ada@bücher.de", "ADA@xn--bcher-kva.de", True),
        ("ada@BÜCHER.de", "ada@bücher.de", True),
        ("straße@example.com", "strasse@example.com", False),
        ("\u212aate@example.com", "kate@example.com", False),
        ("\u212aate@example.com", "\u212aate@example.com", True),
        ("ad\u0131@example.com", "adi@example.com", False),
    ],
)
def test_two_spellings_are_one_address_or_two(one: str, other: str, is_same: bool) -> None:
    assert (address_key(one) == address_key(other)) is is_same


@pytest.mark.parametrize("text", ["\u200b", " \u2060\u00a0", "\ufeff\u200e"])
def test_a_line_that_nobody_could_see_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="seen"):
        one_line(text)

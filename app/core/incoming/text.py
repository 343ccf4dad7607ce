"""Which characters a text may hold, and when two e-mail addresses are the same one.

PostgreSQL refuses NUL and lone surrogates, and terminals, mails and headers obey control characters: a text has none
(a long text may have line ends and tabs). Scripts and markup are ordinary text and are kept as typed.
"""

import re
import unicodedata

import idna

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ATOM_TEXT = r"[^\x00-\x20\"(),:;<>@\[\\\]\x7f-\xa0\ud800-\udfff.\s]+"
_ATOM = re.compile(rf"{_ATOM_TEXT}(\.{_ATOM_TEXT})*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_UNSEEN = {"Cf", "Zl", "Zp", "Zs"}  # of Unicode's general categories: format characters and every kind of space
_MAX_LOCAL = 64
_MAX_ADDRESS = 254
_NOT_AN_ADDRESS = "This must be an e-mail address, such as anna@example.com."


def one_line(text: str) -> str:
    """``text``, which is one line that can be seen, or empty; raises ValueError for control characters and surrogates."""
    if _CONTROL.search(text):
        raise ValueError("This must be one line without control characters.")
    if text and all(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise ValueError("This must hold something that can be seen.")
    return text


def lines(text: str) -> str:
    """``text``, which may have line ends and tabs; raises ValueError for other control characters and surrogates."""
    if _CONTROL_BUT_LINES.search(text):
        raise ValueError("This must not hold control characters.")
    return text


def email(text: str) -> str:
    """``text`` without surrounding space, as typed, which is an e-mail address; raises ValueError for what is not.

    RFC 5322 dot-atoms and RFC 6531 letters; no quoted parts, comments or address literals. A domain may be internal
    (``corp.local``) or a single label.
    """
    stripped = text.strip()
    canonical_email(stripped)
    return stripped


def canonical_email(text: str) -> str:
    """The one form under which an address is stored and looked up; raises ValueError for what is not an address.

    The domain becomes ASCII (IDNA 2008), letters become lower case. Letters that are not in compatibility form
    (NFKC: the Kelvin sign, long s, full-width letters) are refused, and no letter is folded to another (dotless i, sharp s),
    so that an address with other letters never turns into somebody's ASCII address (the class of CVE-2019-19844).
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or unicodedata.normalize("NFKC", local + domain) != local + domain or not _ATOM.fullmatch(local):
        raise ValueError(_NOT_AN_ADDRESS)
    if not domain.isascii():
        try:
            domain = idna.encode(domain.lower()).decode("ascii")
        except idna.IDNAError:
            raise ValueError(_NOT_AN_ADDRESS) from None
    domain = domain.lower()
    if not all(map(_LABEL.fullmatch, domain.split("."))) or len(local) > _MAX_LOCAL:
        raise ValueError(_NOT_AN_ADDRESS)
    address = f"{local.lower()}@{domain}"
    if len(address) > _MAX_ADDRESS:
        raise ValueError(_NOT_AN_ADDRESS)
    return address


def address_key(text: str) -> str:
    """What the spellings of one address have in common; for what is no address itself, and then no address has it."""
    stripped = text.strip()
    if stripped.isascii():
        return stripped.lower()
    try:
        return canonical_email(stripped)
    except ValueError:
        return f"\0{stripped}"

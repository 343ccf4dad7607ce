"""What a log line may hold: one printable line of bounded size, without secrets, however it was typed.

Secrets are known by the name they are logged under, and by their look where they stand in a text. Values of a type that
is not listed here are shown by type only: an object's representation is not written for strangers.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, singledispatch
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

HIDDEN = "[redacted]"
MAX_TEXT = 500
MAX_ITEMS = 50
MAX_DEPTH = 4
_MAX_INT = 2**63 - 1

_SECRET_WORDS = frozenset(
    "password passwd passphrase pwd secret secrets token tokens authorization cookie cookies totp otp seed credential "
    "credentials apikey bearer jwt signature csrf".split()
)
_SECRET_ENDINGS = frozenset({"code", "codes", "key", "keys", "session"})
_HARMLESS = frozenset({"status", "exit", "error", "sql", "currency", "country", "language"})
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SECRET_LOOKS = re.compile(
    r"(?P<key>swk_[A-Za-z0-9_]+)"
    r"|(?P<scheme>(?i:bearer|basic))\s+[^\s,;\"']+"
    r"|(?P<pair>(?i:passw(?:or)?d|passphrase|secret|token|api[-_ ]?key|authorization|cookie))\s*[=:]\s*[^\s,;&]+"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_.-]+)"
    r"|(?P<seed>otpauth://\S+)"
    r"|(?P<pem>-----BEGIN [A-Z ]*PRIVATE KEY-----.*)"
    r"|(?P<login>://[^/\s@]*@)"
    r"|(?P<mail>(?<![\w.+%-])[\w.+%-]++@[\w.-]+)"
    r"|(?P<query>(?<=\S)\?[^\s\"']+)"
    r"|(?P<random>(?<![\w-])[A-Za-z0-9_-]{43,})",
    re.DOTALL,
)


def printable(text: str) -> str:
    r"""``text`` with everything that a terminal or parser could obey written as ``\u....``."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def redact(text: str) -> str:
    """``text`` as a log line may hold it: cut to 500 characters with its length and hash, secrets replaced."""
    cut = text[:MAX_TEXT]
    shown = printable(_SECRET_LOOKS.sub(_hide, cut))
    if len(text) > MAX_TEXT:
        shown += f"… [{len(text)} characters, sha256 {sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}]"
    return shown


def clean(name: str, value: Any, depth: int = 0) -> Any:
    """``value`` as it may be logged under ``name``: text, numbers, booleans, None, and lists and dicts of these."""
    return HIDDEN if is_secret_name(name) else _shown(value, name, depth)


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether what is logged under ``name`` is a secret, by the words in the name."""
    words = [word.lower() for word in _WORDS.findall(name[:200])]
    if not words:
        return False
    harmless = len(words) > 1 and words[-2] in _HARMLESS
    return not _SECRET_WORDS.isdisjoint(words) or (words[-1] in _SECRET_ENDINGS and not harmless)


@singledispatch
def _shown(value: Any, name: str, depth: int) -> Any:
    return value if value is None or isinstance(value, bool | float) else f"<{type(value).__name__}>"


@_shown.register
def _(value: int, name: str, depth: int) -> Any:
    return value if abs(value) <= _MAX_INT else f"<an integer of {value.bit_length()} bits>"


@_shown.register(str)
@_shown.register(UUID | date | timedelta | Decimal | PurePath | IPv4Address | IPv6Address)
def _(value: Any, name: str, depth: int) -> Any:
    return redact(str(value))


@_shown.register
def _(value: Enum, name: str, depth: int) -> Any:
    return clean(name, value.value, depth)


@_shown.register(bytes | bytearray | memoryview)
def _(value: Any, name: str, depth: int) -> Any:
    return f"<{len(value)} bytes>"


@_shown.register
def _(value: Mapping, name: str, depth: int) -> Any:  # type: ignore[type-arg]
    if depth >= MAX_DEPTH:
        return "<deeper>"
    return {redact(str(key)): clean(str(key), item, depth + 1) for key, item in islice(value.items(), MAX_ITEMS)}


@_shown.register(list | tuple | set | frozenset)
def _(value: Any, name: str, depth: int) -> Any:
    return [clean(name, item, depth + 1) for item in islice(value, MAX_ITEMS)] if depth < MAX_DEPTH else "<deeper>"


def _hide(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind in {"scheme", "pair"}:
        return f"{found[kind]} {HIDDEN}"
    prefix = {"key": "swk_", "login": "://", "query": "?"}.get(kind or "", "")
    return prefix + HIDDEN + ("@" if kind == "login" else "")

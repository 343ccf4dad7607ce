"""Canaries: texts that must not be found on a disk, and the many spellings in which they are looked for."""

import secrets
import time
from base64 import b32decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

_numbers = count(1)
_NOTHING = b"\0" * 8192  # most of a write-ahead log


class Canaries:
    """Planted texts hold ``mark``; secrets that the product made are added as they are."""

    def __init__(self) -> None:
        self.mark = "qz" + secrets.token_hex(6)
        self.since = time.time() - 2
        self.planted: dict[str, str] = {}
        self.made: dict[str, str] = {}

    def plant(self, what: str) -> str:
        """A text to type for ``what``: no other text is like it."""
        self.planted[what] = f"{self.mark}x{next(_numbers)}"
        return self.planted[what]

    def note(self, what: str, secret: str) -> str:
        """A secret that the product handed out."""
        assert len(secret) >= 12, f"{what} is too short to look for"
        self.made[what] = secret
        return secret

    @property
    def number(self) -> int:
        return len(self.planted) + len(self.made)

    def patterns(self) -> dict[bytes, str]:
        """The bytes to look for, and whose they are."""
        found = {each: "something planted" for text in cases(self.mark) for each in spellings(text)}
        for what, secret in self.made.items():
            found |= dict.fromkeys(spellings(secret), what)
            if what.startswith("TOTP"):
                found |= dict.fromkeys(_of_bytes(b32decode(secret)), f"{what}, as bytes")
        return found


def cases(text: str) -> set[str]:
    """As it is, and folded: what is looked up is compared in one case."""
    return {text, text.lower(), text.upper()}


def spellings(text: str) -> Iterator[bytes]:
    """Plain, in base64 (wherever it begins, both alphabets), in UTF-16, in hexadecimal."""
    yield from _of_bytes(text.encode())
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")


def _of_bytes(raw: bytes) -> Iterator[bytes]:
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):
        whole = b64encode(b"\0" * offset + raw)
        core = whole[-(-offset * 4 // 3) : len(whole) - 4]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


def found_in(folders: Iterable[Path], patterns: dict[bytes, str], *, since: float = 0) -> list[str]:
    """Where any of the patterns stands: ``file: whose``. Files that nobody has written to ``since`` are left out."""
    hits = []
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_symlink() or not path.is_file() or path.stat().st_mtime < since:
                continue
            data = path.read_bytes().replace(_NOTHING, b"")
            hits += [f"{path}: {whose}" for pattern, whose in patterns.items() if pattern in data]
    return hits

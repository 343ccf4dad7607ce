"""A user name as the trail shows it: as typed, unless what was typed looks like a password in the wrong box (LOG-02).

Kept whole up to 200 characters; longer ones keep their beginning, length and a hash, so that equal ones can be told.
"""

import re
from hashlib import sha256
from typing import Final

LONGEST: Final = 200
_SHORTEST_PASSWORD: Final = 8
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def shown_name(typed: str, password: str = "") -> str:
    """``typed`` for the trail; masked where it equals the password or looks like one, cut where it is too long."""
    if not _ADDRESS.fullmatch(typed.strip()) and (_looks_like_password(typed) or (typed and typed == password)):
        return f"(masked: {len(typed)} characters that look like a password)"
    if len(typed) > LONGEST:
        mark = sha256(typed.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{typed[:LONGEST]}… ({len(typed)} characters, SHA-256 {mark}…)"
    return typed.encode("utf-8", "replace").decode()


def _looks_like_password(typed: str) -> bool:
    kinds = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    found = sum(any(kind(character) for character in typed) for kind in kinds)
    return len(typed) >= _SHORTEST_PASSWORD and found >= 2  # noqa: PLR2004 - a name like "adalovelace" is of one kind

"""Known devices: a browser that has signed in to an account keeps a note of ours that says so.

The note admits nobody. It only counts this browser's failures apart from those of strangers, so that whoever guesses at
an account cannot keep its owner out (OWASP, "Slow down online guessing attacks with device cookies"; ASVS 6.1.1). It is a
random number with a keyed MAC over number and account, so there is nothing to store.
"""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from fastapi import Response

from app.core.database import Db

COOKIE: Final = "__Host-device"
KEEP_SECONDS: Final = 400 * 24 * 3600
_NUMBER: Final = 16
_MAC: Final = 32


def note_for(db: Db, index: bytes) -> str:
    """A new note for the account with this e-mail index."""
    number = os.urandom(_NUMBER)
    return urlsafe_b64encode(number + _mac(db, index, number)).decode()


def number_of(db: Db, note: str, index: bytes) -> bytes:
    """The number of a device that knows this account, or nothing."""
    try:
        raw = urlsafe_b64decode(note.encode("ascii"))
    except ValueError:
        return b""
    number, mac = raw[:_NUMBER], raw[_NUMBER:]
    return number if len(raw) == _NUMBER + _MAC and hmac.compare_digest(mac, _mac(db, index, number)) else b""


def remember(response: Response, note: str) -> None:
    """Leave the note in the browser."""
    response.set_cookie(COOKIE, note, max_age=KEEP_SECONDS, path="/", secure=True, httponly=True, samesite="lax")


def _mac(db: Db, index: bytes, number: bytes) -> bytes:
    return db.keys.mac("known device", index, number)

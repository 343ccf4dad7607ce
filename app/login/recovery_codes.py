"""Recovery codes: ten, shown once, each good once in place of an authenticator's code.

A code has 120 random bits, so a keyed MAC is all that needs to be kept of it (ASVS 6.5.2 asks a password hash only below
112 bits); the MAC covers the user, so a row copied to another user is worthless. A code that was used is gone: no mark
says so that a hand could take off.
"""

import secrets
import string
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from app.core import clock
from app.core.database import Db
from app.login.models import RecoveryCode

HOW_MANY: Final = 10
_ALPHABET: Final = string.digits + "abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_LENGTH: Final = 24
_GROUP: Final = 4
_MISREAD: Final = str.maketrans("ilo", "110")


def renew(db: Db, user_id: UUID) -> tuple[str, ...]:
    """Replace all of the user's codes; the new ones, in groups of four, for showing once."""
    remove(db, user_id)
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(HOW_MANY)]
    now = clock.now()
    rows = [{"digest": _digest(db, user_id, code), "user_id": user_id, "created_at": now} for code in codes]
    db.session.execute(sa.insert(RecoveryCode), rows)
    return tuple("-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in codes)


def spend(db: Db, user_id: UUID, typed: str) -> bool:
    """Use one of the user's codes, once. Case, spaces and dashes do not matter, nor i, l and o for 1 and 0."""
    plain = "".join(character for character in typed.casefold()[:100] if character.isalnum()).translate(_MISREAD)
    is_this = (RecoveryCode.digest == _digest(db, user_id, plain)) & (RecoveryCode.user_id == user_id)
    return db.run(sa.delete(RecoveryCode).where(is_this)) == 1


def count_left(db: Db, user_id: UUID) -> int:
    """How many codes the user has left."""
    left = sa.select(sa.func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return int(db.value(left))


def remove(db: Db, user_id: UUID) -> None:
    """Forget all of the user's codes."""
    db.run(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _digest(db: Db, user_id: UUID, code: str) -> bytes:
    return db.keys.mac("recovery code", user_id.bytes, code.encode("utf-8", "surrogatepass"))

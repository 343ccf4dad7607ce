"""Argon2id, a few at a time: hashing is the one thing here that an attacker can make expensive for everybody.

Parameters are OWASP's for Argon2id (19 MiB, 2 passes, 1 lane; about 118 ms on the machine it was measured on). At most
``AT_ONCE`` hashes run in a process and ``WAITING`` wait, whatever arrives; who finds the queue full is asked to come back.
An unknown user costs the same work as a known one. What is hashed is exactly what was sent: no case change, no
truncation, no Unicode normalisation (ASVS 6.2.8), at most 256 characters.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.database import Db
from app.core.errors import TooMany
from app.core.sealed import DoesNotOpen
from app.login.models import Password, PasswordFacts

MEMORY_KIB: Final = 19456
PASSES: Final = 2
LANES: Final = 1
AT_ONCE: Final = 2
WAITING: Final = 6
RETRY_AFTER: Final = 2

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
# What an unknown user is checked against: today's parameters, and a hash that no password has.
_NOBODY: Final = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"


class _Queue:
    """Lets ``at_once`` through, holds ``waiting`` more, turns the rest away."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._running = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooMany("Too many people are signing in at this moment. Try again in a few seconds.",
                          retry_after=RETRY_AFTER)  # fmt: skip
        try:
            with self._running:
                yield
        finally:
            self._places.release()


_queue = _Queue(AT_ONCE, WAITING)


def hash_of(password: str) -> str:
    """The Argon2id hash in its own notation. Refuses (``TooMany``) when the queue is full."""
    with _queue.turn():
        return _hasher.hash(_bytes(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; None (nobody, or no password yet) costs the same work.

    Refuses (``TooMany``) when the queue is full.
    """
    with _queue.turn():
        try:
            _hasher.verify(stored or _NOBODY, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def open_hash(db: Db, user_id: UUID, credential: bytes | None) -> str | None:
    """The hash in a row of ``passwords``, or None without a row, or with one that was moved or altered."""
    try:
        return None if credential is None else db.open(PasswordFacts, Password, user_id, credential).hash
    except DoesNotOpen:
        return None


def find_hash(db: Db, user_id: UUID) -> str | None:
    """A user's hash, or None where they have no password yet."""
    return open_hash(db, user_id, db.value(sa.select(Password.credential).where(Password.user_id == user_id)))


def store(db: Db, user_id: UUID, hashed: str, *, changed_at: datetime | None = None) -> None:
    """Set a user's hash; without ``changed_at`` only the parameters changed, not the password."""
    sealed = db.seal(Password, user_id, PasswordFacts(hash=hashed))
    statement = insert(Password).values(user_id=user_id, credential=sealed, changed_at=changed_at or clock.now())
    changes = {"credential": sealed} | ({"changed_at": changed_at} if changed_at else {})
    db.run(statement.on_conflict_do_update(index_elements=["user_id"], set_=changes))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")

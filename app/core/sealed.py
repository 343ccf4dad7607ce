"""Sealing and opening facts; blind indexes; keyed MACs.

All the sealed facts of one row are one blob: ``version (1) | key id (1) | nonce (12) | AES-256-GCM ciphertext`` of their
msgpack, bound by the associated data to table, row id and the row's plain security columns. A blob moved to another row
or column, or a security column changed by hand, does not open. Data keys belong to one installation, so a blob of
another organisation does not open either. Nonces are 96 random bits (NIST SP 800-38D 8.2.2); rotate well before 2^32.
"""

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.incoming.text import address_key

VERSION: Final = 1
INDEX_BYTES: Final = 16
_encode = msgspec.msgpack.Encoder().encode
_decoders: dict[type, msgspec.msgpack.Decoder[object]] = {}


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sealed facts of one kind of row. Subclasses add fields with defaults, so that old blobs still open."""


F = TypeVar("F", bound=msgspec.Struct)


class DoesNotOpen(Exception):
    """A sealed blob is not what was sealed here: moved, altered, or sealed by another key."""


class Keyring:
    """The opened data keys of one installation, and what is done with them. Thread-safe; holds no state but keys."""

    __slots__ = ("_blind", "_current", "_facts", "_macs")

    def __init__(self, facts: Mapping[int, bytes], *, blind: bytes, mac: bytes) -> None:
        self._facts = {number: AESGCM(key) for number, key in facts.items()}
        self._current = max(facts)
        self._blind = hmac.new(blind, digestmod=sha256)
        self._macs = hmac.new(mac, digestmod=sha256)

    def seal(self, table: str, row_id: UUID, facts: msgspec.Struct, *bound: object) -> bytes:
        """Seal the facts of row ``row_id`` of ``table``; ``bound`` are the plain columns that must not change unseen."""
        return self.seal_bytes(_associated(table, row_id, bound), _encode(facts))

    def open(self, kind: type[F], table: str, row_id: UUID, blob: bytes, *bound: object) -> F:
        """Open what ``seal`` made from the same table, row and bound columns. Raises ``DoesNotOpen``."""
        decoder = _decoders.get(kind)
        if decoder is None:
            decoder = _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
        return decoder.decode(self.open_bytes(_associated(table, row_id, bound), blob))  # type: ignore[return-value] # the decoder was made for this kind

    def seal_bytes(self, associated: bytes, plain: bytes) -> bytes:
        """Seal raw bytes under explicit associated data."""
        nonce = os.urandom(12)
        head = bytes((VERSION, self._current))
        return head + nonce + self._facts[self._current].encrypt(nonce, plain, head + associated)

    def open_bytes(self, associated: bytes, blob: bytes) -> bytes:
        """Open what ``seal_bytes`` made. Raises ``DoesNotOpen``."""
        key = self._facts.get(blob[1]) if len(blob) > 30 and blob[0] == VERSION else None  # noqa: PLR2004 - head, nonce, tag
        if key is None:
            raise DoesNotOpen("not sealed by a key of this installation")
        try:
            return key.decrypt(blob[2:14], blob[14:], blob[:2] + associated)
        except InvalidTag:
            raise DoesNotOpen("moved, altered, or a bound column was changed") from None

    def index(self, table: str, field: str, value: str) -> bytes:
        """The blind index of a value: equal for values that differ only in case; 16 bytes.

        Makes exact look-up and uniqueness possible on sealed facts; says nothing else about the value.
        """
        return self._index(f"{table}\0{field}\0{value.strip().casefold()}")

    def address_index(self, address: str) -> bytes:
        """The blind index of an e-mail address: one for people, accounts and users, equal where ``address_key`` is."""
        return self._index(f"address\0{address_key(address)}")

    def _index(self, text: str) -> bytes:
        digest = self._blind.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()[:INDEX_BYTES]

    def mac(self, purpose: str, *parts: bytes) -> bytes:
        """A keyed MAC over length-prefixed parts, bound to a purpose; 32 bytes."""
        digest = self._macs.copy()
        digest.update(purpose.encode() + b"\0")
        for part in parts:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.digest()


def _associated(table: str, row_id: UUID, bound: tuple[object, ...]) -> bytes:
    named = table.encode() + b"\0" + row_id.bytes
    return named + "\0".join(("" if part is None else str(part)) for part in bound).encode() if bound else named

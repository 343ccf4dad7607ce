"""Making, prefixing, checksumming and hashing the secrets we hand out.

``swk_<id>_<secret>_<crc>``: found by id, compared in constant time; 256 random bits stored as plain SHA-256, which needs
no salt and nothing to rotate. The checksum lets scanners and us tell a mistyped key without a look-up.
"""

import hmac
import secrets
import zlib
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from app.core.identifiers import new_id

API_KEY = "swk"
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SECRET_LENGTH = 43


@dataclass(frozen=True, slots=True)
class Token:
    """A key we hand out: ``text`` is shown once, ``digest`` is stored."""

    id: UUID
    text: str
    digest: bytes

    def __repr__(self) -> str:
        return f"Token({self.id})"


def random_secret() -> str:
    """256 random bits as 43 URL-safe characters; for links and cookies."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a random secret: its SHA-256."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def make(prefix: str = API_KEY) -> Token:
    """A new key."""
    key_id = new_id()
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    body = f"{prefix}_{key_id.hex}_{secret}"
    return Token(key_id, f"{body}_{_checksum(body)}", digest(secret))


def parse(text: str, prefix: str = API_KEY) -> tuple[UUID, bytes] | None:
    """The id and digest of a key as presented, or None when it cannot be one of ours."""
    parts = text.split("_")
    if len(parts) != 4 or parts[0] != prefix or len(text) > 200 or not text.isascii():  # noqa: PLR2004 - four parts
        return None
    if not hmac.compare_digest(_checksum("_".join(parts[:3])), parts[3]):
        return None
    try:
        return UUID(hex=parts[1]), digest(parts[2])
    except ValueError:
        return None


def same(one: bytes, other: bytes) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(one, other)


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    out = ""
    for _ in range(6):
        value, rest = divmod(value, 62)
        out = _ALPHABET[rest] + out
    return out

"""The key hierarchy: a key file outside the data directory wraps the data keys that lie in the database.

Without the key file nothing in the database opens. The master key never seals data itself: HKDF-SHA256 (RFC 5869)
derives from it the key that wraps the data keys and the passwords of the database roles, each under its own label.
"""

import os
import stat
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import StartRefused

KEY_BYTES: Final = 32
_MARK: Final = "stackwarden-key-1:"


class MasterKey:
    """32 random bytes from the key file; everything else is derived from or wrapped by them."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; the same purpose gives the same bytes, no other purpose does."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"stackwarden/{purpose}".encode()).derive(self._secret)

    def password(self, role: str) -> str:
        """The password of a database role, 43 characters of URL-safe base64."""
        return urlsafe_b64encode(self.derive(f"database role {role}")).decode().rstrip("=")

    @property
    def fingerprint(self) -> str:
        """16 hex characters that tell one key from another and nothing about it; safe to store."""
        return self.derive("fingerprint")[:8].hex()

    def wrap(self, key: bytes, *, label: str) -> bytes:
        """Wrap a data key, bound to its label: AES-256-GCM, nonce first."""
        nonce = os.urandom(12)
        return nonce + AESGCM(self.derive("wrap data keys")).encrypt(nonce, key, label.encode())

    def unwrap(self, wrapped: bytes, *, label: str) -> bytes:
        """Open what ``wrap`` made. Raises ``StartRefused`` when this is not the key that wrapped it."""
        try:
            return AESGCM(self.derive("wrap data keys")).decrypt(wrapped[:12], wrapped[12:], label.encode())
        except InvalidTag:
            raise StartRefused(
                "The key file does not open the data keys in this database: it is the wrong key."
            ) from None

    def __repr__(self) -> str:
        return f"MasterKey({self.fingerprint})"


def load_key_file(path: Path) -> MasterKey:
    """Read the key file. Refuses a missing, malformed or world- or group-readable one (``StartRefused``)."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise StartRefused(f"The key file {path} does not exist.") from None
    except OSError as error:
        raise StartRefused(f"The key file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise StartRefused(f"The key file {path} is not a Stackwarden key.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StartRefused(f"The key file {path} can be read by others: set its mode to 0600.")
    try:
        secret = urlsafe_b64decode(text.removeprefix(_MARK)) if text.startswith(_MARK) else b""
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise StartRefused(f"The key file {path} is not a Stackwarden key.")
    return MasterKey(secret)


def load_or_create_key_file(path: Path) -> MasterKey:
    """Read the key file, or make one (mode 0600) where there is none yet. Refuses as ``load_key_file`` does."""
    if path.exists():
        return load_key_file(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(path, _MARK + urlsafe_b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
    except OSError as error:
        raise StartRefused(f"The key file {path} cannot be written: {error.strerror}.") from None
    return load_key_file(path)


def _write_new(path: Path, text: str) -> None:
    """Put a whole, synced file at ``path`` unless one came to be there meanwhile; never half a key, whenever we die."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent, prefix=f".{path.name}.") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

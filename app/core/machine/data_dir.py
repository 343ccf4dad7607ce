"""The data directory: one running Stackwarden at a time, and one key that its data belong to.

The lock is the kernel's (flock), so it ends with the process that held it, however that ended.
"""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from app.core.errors import StartRefused
from app.core.keys import MasterKey, load_key_file, load_or_create_key_file

_LOCK = "lock"
_FINGERPRINT = "key-fingerprint"
_ROOM_TO_START: Final = 64 * 2**20


class AlreadyRunning(StartRefused):
    """Another process holds the data directory."""


class Claim:
    """The exclusive right to a data directory, until released or until this process ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        """Give it up; doing so twice is harmless."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def claim(data_dir: Path) -> Claim:
    """Take ``data_dir`` for this process, making it (mode 0700) where it is missing.

    Refuses (``StartRefused``) one that cannot be written or is on a full disk, and (``AlreadyRunning``) one that
    another process holds.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartRefused(f"The data directory {data_dir} cannot be written: {error.strerror}.") from None
    try:
        _lock(handle, data_dir)
        _require_room(data_dir)
        _write_pid(handle, data_dir)
    except BaseException:
        os.close(handle)
        raise
    return Claim(handle)


def _lock(handle: int, data_dir: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise AlreadyRunning(f"Stackwarden is already running on {data_dir} (pid {pid}).") from None


def _require_room(data_dir: Path) -> None:
    free = shutil.disk_usage(data_dir).free
    if free < _ROOM_TO_START:
        raise StartRefused(
            f"The disk that holds {data_dir} is full: {free // 2**20} MB are free and a start needs "
            f"{_ROOM_TO_START // 2**20} MB."
        )


def _write_pid(handle: int, data_dir: Path) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise StartRefused(f"The data directory {data_dir} cannot be written: {error.strerror}.") from None


def open_key(data_dir: Path, key_file: Path) -> MasterKey:
    """The key in ``key_file``; a new one is made only where no data belong to an earlier one.

    Refuses (``StartRefused``) a missing, unreadable or foreign key.
    """
    if not (data_dir / _FINGERPRINT).exists():
        return load_or_create_key_file(key_file)
    key = load_key_file(key_file)
    _require_same(data_dir, key, key_file)
    return key


def record_key(data_dir: Path, key: MasterKey, key_file: Path) -> None:
    """Note that the data in ``data_dir`` belong to ``key``; from now on every other is refused (``StartRefused``)."""
    target = data_dir / _FINGERPRINT
    if target.exists():
        _require_same(data_dir, key, key_file)
        return
    fresh = target.with_suffix(".new")
    fresh.write_text(key.fingerprint + "\n", "ascii")
    fresh.replace(target)


def _require_same(data_dir: Path, key: MasterKey, key_file: Path) -> None:
    if (data_dir / _FINGERPRINT).read_text("ascii").strip() != key.fingerprint:
        raise StartRefused(f"The key file {key_file} does not belong to the data in {data_dir}.")

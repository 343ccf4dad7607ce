"""The key file comes to be whole or not at all, and once."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.errors import StartRefused
from app.core.keys import load_key_file, load_or_create_key_file
from app.core.settings import load


def test_of_starts_at_once_all_hold_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "key"
    with ThreadPoolExecutor(8) as pool:
        prints = {key.fingerprint for key in pool.map(load_or_create_key_file, [path] * 16)}
    assert prints == {load_key_file(path).fingerprint}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["key"]


def test_a_start_that_dies_while_it_writes_leaves_no_half_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StartRefused, match="cannot be written: No space left on device"):
        load_or_create_key_file(path)
    assert not list(tmp_path.iterdir())


def test_a_key_file_that_leads_into_the_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")
    names = {"DATA_DIR": str(tmp_path / "data"), "KEY_FILE": str(tmp_path / "elsewhere" / "key")}
    with pytest.raises(StartRefused, match="key_file must not lie inside data_dir"):
        load({f"STACKWARDEN_{name}": value for name, value in names.items()})

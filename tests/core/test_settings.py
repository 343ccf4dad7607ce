"""What an operator may configure, and what refuses the start."""

from pathlib import Path

import pytest

from app.core.errors import StartRefused
from app.core.settings import load


def _load(tmp_path: Path, proxies: str) -> int:
    names = {"DATA_DIR": str(tmp_path / "data"), "KEY_FILE": str(tmp_path / "key"), "TRUSTED_PROXIES": proxies}
    return len(load({f"STACKWARDEN_{name}": value for name, value in names.items()}).trusted_proxies)


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "::/0", "10.0.0.1, 0.0.0.0/1", "128.0.0.0/7", "2000::/3"])
def test_whoever_would_believe_everybody_does_not_start(tmp_path: Path, proxies: str) -> None:
    with pytest.raises(StartRefused, match="STACKWARDEN_TRUSTED_PROXIES must name the proxies"):
        _load(tmp_path, proxies)


@pytest.mark.parametrize("proxies", ["127.0.0.1", "10.0.0.0/8", "fc00::/7", "2001:db8::/32,192.168.0.0/16"])
def test_the_networks_of_proxies_are_taken(tmp_path: Path, proxies: str) -> None:
    assert _load(tmp_path, proxies) == proxies.count(",") + 1

"""What an operator can set and start is in the README, and what the README says of it is true."""

from pathlib import Path

import pytest

from app.__main__ import main
from app.core.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_readme_and_says_what_it_is(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in README
    assert Settings.model_fields[name].description


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = {word.strip("`.,:|()") for word in README.split() if word.strip("`.,:|()").startswith(PREFIX)}
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields} | {PREFIX + "CONFIG"}


def test_every_command_is_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = [
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ") and line.split()
    ]
    known = [command for command in commands if command.replace("-", "").isalpha() and command.islower()]
    assert {"run", "serve", "work", "migrate", "demo", "setup-link", "openapi", "doctor"} <= set(known)
    for command in ("run", "serve", "work", "migrate", "demo", "setup-link", "openapi", "doctor"):
        assert f"`{command}`" in README

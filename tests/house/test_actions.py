"""Actions know no HTTP: a job calls them too."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
_OF_PAGES = ("app.web", "fastapi", "starlette")


def _imported(path: Path) -> set[str]:
    """The modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("path", sorted(APP.glob("*/actions*.py")), ids=lambda path: path.parent.name)
def test_actions_import_nothing_of_pages(path: Path) -> None:
    assert not [name for name in _imported(path) if name.startswith(_OF_PAGES)]

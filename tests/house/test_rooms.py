"""What no linter knows of a room: queries write nothing, and nobody but the database's file commits."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
_WRITES = {
    "add",
    "add_all",
    "flush",
    "commit",
    "delete",
    "merge",
    "insert",
    "update",
    "run",
    "rollback",
    "record",
    "enqueue",
}
_COMMITS = {"commit", "rollback"}


def _calls(node: ast.AST) -> set[str]:
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            names.add(each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", ""))
    return names


QUERIES = sorted(APP.glob("*/queries*.py"))
ACTIONS = sorted(APP.glob("*/actions*.py"))


def test_there_are_rooms_to_check() -> None:
    assert len(QUERIES) >= 5
    assert len(ACTIONS) >= 3


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.parent.name)
def test_queries_write_nothing(path: Path) -> None:
    for function in ast.parse(path.read_text("utf-8")).body:
        if isinstance(function, ast.FunctionDef):
            assert not _calls(function) & _WRITES, f"{path.parent.name}.{function.name} writes"


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: str(path.relative_to(APP)))
def test_only_the_database_file_commits(path: Path) -> None:
    if path != APP / "core" / "database.py":
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not calls & _COMMITS

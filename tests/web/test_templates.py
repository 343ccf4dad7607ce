"""What no template may do, and that every macro is documented and shown."""

import re
from functools import cache
from pathlib import Path

import pytest
from jinja2 import nodes

from app.web.render import TEMPLATES, environment

ALL = sorted(TEMPLATES.rglob("*.html"))
PARTS = sorted((TEMPLATES / "parts").glob("*.html"))
BANNED = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "an inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    "hx-on": re.compile(r"hx-on"),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style", re.IGNORECASE),
    "a trigger filter": re.compile(r"hx-trigger\s*=\s*[\"'][^\"']*\["),
    "code in a value": re.compile(r"(?:js|javascript):(?!alert\(1\))"),
    "an address of another host": re.compile(r"(?:src|srcset)\s*=\s*[\"'](?:https?:)?//"),
    "safe without a reason": re.compile(r"\|\s*safe(?![^\n]*\{#)"),
    "escaping switched off": re.compile(r"autoescape\s+false"),
}


def name_of(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


def banned_in(text: str) -> list[str]:
    return [what for what, pattern in BANNED.items() if pattern.search(text)]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_template_holds_nothing_that_is_banned(path: Path) -> None:
    assert banned_in(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", [path for path in ALL if path.parent.name != "parts"], ids=name_of)
def test_htmx_stays_inside_the_macros(path: Path) -> None:
    assert not re.search(r"\shx-", path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<p style="color:red">', "a style attribute"),
        ('<a onclick="x()">', "an inline handler"),
        ("<b hx-on:click='x()'>", "hx-on"),
        ("<script>x()</script>", "an inline script"),
        ("<SCRIPT type=module>", "an inline script"),
        ("<style>p{}</style>", "an inline style sheet"),
        ('<a hx-trigger="click[ctrlKey]">', "a trigger filter"),
        ("<a hx-vals='js:{a: b}'>", "code in a value"),
        ('<img src="//elsewhere.example/x.png">', "an address of another host"),
        ("{{ page.name|safe }}", "safe without a reason"),
        ("{% autoescape false %}", "escaping switched off"),
    ],
)
def test_the_ban_would_notice(text: str, what: str) -> None:
    assert what in banned_in(text)


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_template_compiles(path: Path) -> None:
    environment().get_template(name_of(path))


def macros_of(path: Path) -> set[str]:
    return {macro.name for macro in environment().parse(path.read_text("utf-8")).find_all(nodes.Macro)}


def imports_of(path: Path) -> set[tuple[str, str]]:
    found = environment().parse(path.read_text("utf-8")).find_all(nodes.FromImport)
    return {
        (str(one.template.value), name if isinstance(name, str) else name[0])
        for one in found
        if isinstance(one.template, nodes.Const)
        for name in one.names
    }


def test_every_import_of_a_macro_names_one_that_is_there() -> None:
    there = {(name_of(path), macro) for path in ALL for macro in macros_of(path)}
    assert there
    assert {one for path in ALL for one in imports_of(path)} - there == set()


@cache
def signatures() -> dict[tuple[str, str], tuple[list[str], int]]:
    """By template and macro: its parameters, and how many must be given."""
    return {
        (name_of(path), macro.name): ([arg.name for arg in macro.args], len(macro.args) - len(macro.defaults))
        for path in ALL
        for macro in environment().parse(path.read_text("utf-8")).find_all(nodes.Macro)
    }


def calls_of(path: Path) -> list[tuple[tuple[str, str], nodes.Call]]:
    """The calls of imported macros."""
    tree = environment().parse(path.read_text("utf-8"))
    names = {
        (name if isinstance(name, str) else name[1]): (one.template.value, name if isinstance(name, str) else name[0])
        for one in tree.find_all(nodes.FromImport)
        if isinstance(one.template, nodes.Const)
        for name in one.names
    }
    own = {macro.name for macro in tree.find_all(nodes.Macro)}
    return [
        (names[call.node.name], call)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in names and call.node.name not in own
    ]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_macro_is_called_with_what_it_takes(path: Path) -> None:
    known = signatures()
    wrong = []
    for target, call in calls_of(path):
        parameters, needed = known[target]
        given = [keyword.key for keyword in call.kwargs]
        takes_any = target[1] == "crumbs"
        missing = [name for name in parameters[len(call.args) : needed] if name not in given]
        if not set(given) <= set(parameters) or missing or (len(call.args) > len(parameters) and not takes_any):
            wrong.append(f"line {call.lineno}: {target[1]}")
    assert wrong == []


@pytest.mark.parametrize("path", PARTS, ids=name_of)
def test_every_macro_used_elsewhere_is_documented_at_the_top_of_its_file(path: Path) -> None:
    used = {macro for other in ALL for template, macro in imports_of(other) if template == name_of(path)}
    header = path.read_text("utf-8").partition("#}")[0]
    assert {macro for macro in used if not re.search(rf"\b{macro}\b", header)} == set()


def test_every_documented_macro_is_on_an_example_page() -> None:
    frames = [path for path in ALL if path.name.startswith("layout")]
    shown = {one for path in [*frames, *(TEMPLATES / "dev").glob("*.html"), *PARTS] for one in imports_of(path)}
    documented = {
        (name_of(path), macro)
        for path in PARTS
        if path.name not in {"panels.html", "shell.html"}
        for macro in macros_of(path)
        if re.search(rf"(?m)^\s*(?:[^#\n]*, )?{macro}\(", path.read_text("utf-8").partition("#}")[0])
    }
    drawn_by_others = {"views_nav", "toolbar", "error_summary"}
    assert len(documented) > 50
    assert {one for one in documented - shown if one[1] not in drawn_by_others} == set()


def test_the_catalogue_names_every_macro() -> None:
    catalogue = (TEMPLATES / "README.md").read_text("utf-8")
    used = {(template, macro) for path in ALL for template, macro in imports_of(path) if template.startswith("parts/")}
    ours = {"parts", "dev", TEMPLATES.name}
    rooms = {one for path in ALL if path.parent.name not in ours for one in imports_of(path)}
    assert {
        macro for _, macro in used & rooms if f"`{macro}`" not in catalogue and f"{macro}(" not in catalogue
    } == set()

"""The build of the front end: without Node on the machine, once, and from a lock that names no host."""

import json
from pathlib import Path

import pytest

import hatch_build


def test_an_unchanged_front_end_is_not_built_again() -> None:
    hatch_build.build()
    assert hatch_build.build() is False


def test_it_builds_without_node_on_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hatch_build, "STATIC", tmp_path / "static")
    monkeypatch.setattr(hatch_build, "STAMP", tmp_path / "static" / ".stamp")
    assert hatch_build.build() is True
    manifest = json.loads((tmp_path / "static" / "manifest.json").read_text())
    assert set(manifest["files"]) == {"app.css", "main.js", "icons.svg", "inter.woff2", "favicon.svg"}
    built = json.loads((hatch_build.ROOT / "app" / "web" / "static" / "manifest.json").read_text())
    assert manifest == built


def test_types_are_right() -> None:
    hatch_build.check()


def test_icons_are_found_where_they_are_named() -> None:
    found = hatch_build.icons_named()
    assert {"layout-dashboard", "arrow-down", "chevrons-up-down", "triangle-alert"} <= set(found)


def test_the_lock_is_exact_and_names_no_host() -> None:
    lock = json.loads((hatch_build.FRONTEND / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in package and "integrity" in package for package in packages.values())
    wanted = json.loads((hatch_build.FRONTEND / "package.json").read_text())
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(version[0].isdigit() for version in versions.values())

"""The built front end: refused where it is missing, served for ever, never from a path of the request."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.core.errors import StartRefused
from app.web.static_files import PREFIX, StaticFiles, static_files


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[Mount(PREFIX, static_files())])) as made:
        yield made


def test_a_front_end_that_is_not_built_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="front end is not built"):
        StaticFiles(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/../render.py",
        "/%2e%2e/render.py",
        "/manifest.json",
        "/.stamp",
        "/",
        "",
        "//etc/passwd",
        "/app.css",
    ],
)
def test_what_the_manifest_does_not_name_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(PREFIX + path, follow_redirects=False).status_code in {404, 307}


def test_only_reading_is_allowed(client: TestClient) -> None:
    response = client.post(static_files().address("app.css"))
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("app.css", "text/css; charset=utf-8"),
        ("main.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
        ("inter.woff2", "font/woff2"),
    ],
)
def test_a_file_is_served_for_ever_as_what_it_is(client: TestClient, name: str, kind: str) -> None:
    response = client.get(static_files().address(name))
    assert response.status_code == 200
    assert response.headers["content-type"] == kind
    assert "immutable" in response.headers["cache-control"]


def test_a_file_is_the_same_gzipped_and_not(client: TestClient) -> None:
    address = static_files().address("main.js")
    zipped = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) / 2


def test_the_manifest_names_no_file_outside(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {}, "icons": [], "all": ["missing.js"]}))
    with pytest.raises(FileNotFoundError):
        StaticFiles(tmp_path)

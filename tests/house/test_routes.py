"""Every route, mounted ones too, names a permission or says why it is public; the whole table is reviewed like code.

When a route is added, ``routes.txt`` must change with it: run this test with ``--update-routes`` and read the difference.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import app
from app.core.permissions import ROLES
from tests.routes import Route, all_routes

TABLE = Path(__file__).with_name("routes.txt")
MOUNTS = {"/static": "public: what the browser loads, the same for everybody"}
PUBLIC_WRITES = {
    "/invitation", "/set-up/authenticator", "/set-up/organisation", "/set-up/owner", "/sign-in", "/sign-in/authenticator",
    "/sign-in/code", "/sign-in/recovery-code", "/sign-out", "/theme",
}  # fmt: skip


def _line(route: Route) -> str:
    return f"{route.key}  {_who(route)}"


def _who(route: Route) -> str:
    if route.method == "MOUNT":
        return MOUNTS.get(route.path, "UNKNOWN")
    if route.permission is None:
        return f"public: {route.public}"
    roles = "all" if route.roles == set(ROLES) else " ".join(key for key in ROLES if key in route.roles)
    return f"{route.permission}  [{roles}]{'  +keys' if route.takes_keys else ''}{'  fresh' if route.fresh else ''}"


def _modules_of_rooms() -> Iterator[Any]:
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if {"api", "pages"} & set(found.name.replace("_", ".").split(".")):
            yield importlib.import_module(found.name)


def test_every_route_names_a_permission_and_the_table_is_the_reviewed_one(request: pytest.FixtureRequest) -> None:
    lines = [_line(route) for route in sorted(all_routes(), key=lambda route: (route.path, route.method))]
    assert not [line for line in lines if "UNKNOWN" in line]
    if request.config.getoption("--update-routes"):
        TABLE.write_text("\n".join(lines) + "\n", "utf-8")
    assert lines == TABLE.read_text("utf-8").splitlines()


def test_no_route_that_a_room_declares_is_missing_from_the_table() -> None:
    walked = {route.endpoint for route in all_routes()}
    declared = {
        route.endpoint: f"{module.__name__} {route.path}"
        for module in _modules_of_rooms()
        for router in vars(module).values()
        if isinstance(router, APIRouter)
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    assert len(declared) > 100
    assert [where for endpoint, where in declared.items() if endpoint not in walked] == []


def test_no_two_routes_are_the_same_and_none_is_hidden_behind_another() -> None:
    routes = [route for route in all_routes() if route.method != "MOUNT"]
    assert len({route.key for route in routes}) == len(routes)
    for number, route in enumerate(routes):
        hiding = [other.key for other in routes[:number] if other.method == route.method and _hides(other, route)]
        assert not hiding, f"{route.key} is never reached: {hiding[0]} comes first"


def test_a_form_is_read_before_a_connection_to_the_database_is_taken() -> None:
    late = []
    upload = "POST /integrations/import"  # whose body is large: only who may upload sends it at all
    for route in all_routes():
        wanted = list(inspect.signature(route.endpoint).parameters) if callable(route.endpoint) else []
        if "sent" in wanted and not {"db", "actor"}.isdisjoint(wanted[: wanted.index("sent")]):
            late.append(route.key)
    late.remove(upload)
    assert late == [], "whoever sends slowly would hold a connection meanwhile: put `sent` first"


def _hides(first: Route, second: Route) -> bool:
    one, other = first.path.split("/"), second.path.split("/")
    return len(one) == len(other) and all(a == b or a.startswith("{") for a, b in zip(one, other, strict=True))


def test_a_write_that_anybody_may_send_is_one_of_those_that_were_thought_about() -> None:
    assert {route.path for route in all_routes() if route.is_write and route.public} == PUBLIC_WRITES


def test_nothing_is_changed_with_a_permission_to_read() -> None:
    assert [route.key for route in all_routes() if route.is_write and str(route.permission).endswith(":read")] == []

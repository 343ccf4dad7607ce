"""Every route, mounted ones too, names a permission or says why it is public; the whole table is reviewed like code.

When a route is added, ``routes.txt`` must change with it: run this test with ``--update-routes`` and read the difference.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount

from app.core.permissions import ROLES, SESSION_ONLY
from app.main import describe

TABLE = Path(__file__).with_name("routes.txt")
MOUNTS = {"/static": "public: what the browser loads, the same for everybody"}


def _guards(dependant: Dependant) -> Iterator[dict[str, Any]]:
    if dependant.call is not None and {"permission", "public"} & set(vars(dependant.call) if hasattr(dependant.call, "__dict__") else ()):
        yield vars(dependant.call)
    for inner in dependant.dependencies:
        yield from _guards(inner)


def _walk(routes: Any) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if isinstance(route, APIRoute | Mount):
            yield route
        elif inner is not None:
            yield from _walk(inner.routes)
        else:
            yield route


def _lines() -> list[str]:
    lines = []
    for route in _walk(describe().routes):
        if isinstance(route, Mount):
            lines.append(f"MOUNT {route.path}  {MOUNTS.get(route.path, 'UNKNOWN')}")
            continue
        assert isinstance(route, APIRoute), f"{route} is neither a route with a guard nor a known mount"
        guards = list(_guards(route.dependant))
        assert len(guards) == 1, f"{route.methods} {route.path} has {len(guards)} guards"
        permission = guards[0].get("permission")
        if permission is None:
            said = f"public: {guards[0]['public']}"
        else:
            roles = "all" if all(permission in role.permissions for role in ROLES.values()) else " ".join(
                key for key, role in ROLES.items() if permission in role.permissions
            )
            key = "" if permission in SESSION_ONLY else "  +keys"
            said = f"{permission}  [{roles}]{key}"
        lines += [f"{method} {route.path}  {said}" for method in sorted(route.methods - {'HEAD'})]
    return sorted(lines, key=lambda line: line.split(" ", 2)[1::-1])


def test_every_route_names_a_permission_and_the_table_is_the_reviewed_one(request: pytest.FixtureRequest) -> None:
    lines = _lines()
    assert len(lines) > 50
    assert not [line for line in lines if "UNKNOWN" in line]
    if request.config.getoption("--update-routes"):
        TABLE.write_text("\n".join(lines) + "\n", "utf-8")
    assert lines == TABLE.read_text("utf-8").splitlines()

"""The API's description: as OpenAPI 3.1 for tools, and as a page for people. Both behind sign-in."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse

from app.core.actor import Actor
from app.core.permissions import Permission
from app.web.guards import requires
from app.web.render import render
from app.web.router import Router

router = Router()
SignedIn = Annotated[Actor, requires(Permission.SELF)]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query or path parameter."""

    name: str
    where: str
    about: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the page shows it; ``sent`` and ``example`` are a body and an answer, pretty-printed."""

    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: str
    sent: str
    example: str


@dataclass(frozen=True, slots=True)
class ApiReferencePage:
    """All operations, by tag."""

    origin: str
    groups: tuple[tuple[str, tuple[Operation, ...]], ...]


@router.get("/api/v1/openapi.json", include_in_schema=False)
def openapi(request: Request, actor: SignedIn) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/settings/api", include_in_schema=False)
def reference(request: Request, actor: SignedIn) -> HTMLResponse:
    described: dict[str, Any] = request.app.openapi()
    groups: dict[str, list[Operation]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            tag = next(iter(operation.get("tags", ())), "other")
            groups.setdefault(tag, []).append(_operation(described, method, path, operation))
    shown = tuple((tag, tuple(operations)) for tag, operations in sorted(groups.items()))
    return render(request, "api_reference.html", ApiReferencePage(request.app.state.settings.origin, shown))


def _operation(described: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    parameters = tuple(
        Parameter(each["name"], each["in"], each.get("description", "")) for each in operation.get("parameters", ())
    )
    done: dict[str, Any] = next(
        (answer for status, answer in operation["responses"].items() if status.startswith("2")), {}
    )
    example = done.get("content", {}).get("application/json", {}).get("example")
    taken = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = taken.get("schema")
    return Operation(
        method.upper(),
        path,
        operation.get("summary", ""),
        parameters,
        _fields(described, body) if body else "",
        _pretty(taken.get("example")),
        _pretty(example),
    )


def _pretty(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False) if example is not None else ""


def _fields(described: dict[str, Any], schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    found = described.get("components", {}).get("schemas", {}).get(name, schema)
    required = set(found.get("required", ()))
    return ", ".join(f"{field} (required)" if field in required else field for field in found.get("properties", {}))

"""What FastAPI cannot know of our API, put into its description: how to sign in, what errors look like, what a body is like.

An example of a body is made of the example of the answer, so that the two cannot disagree.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import FastAPI

from app.web.idempotent import HEADER, KEPT_FOR, MAX_KEY

_WRITES: Final = {"post", "patch", "put"}
_PROBLEM: Final = {
    "title": "Problem",
    "description": "What is wrong, and what to do (RFC 9457). ``errors`` names the fields, where it is about fields.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The request's id, as ``X-Request-Id`` has it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_REFUSALS: Final = {
    "401": "No key, or one that is not good",
    "403": "The key may not do this",
    "404": "It does not exist, or not for this key",
    "409": "It does not fit what is there",
    "422": "A field or parameter needs attention",
    "429": "Too many requests; Retry-After says when",
}
_ONCE: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
    "description": (
        f"Any text of yours: repeated within {KEPT_FOR.total_seconds() / 3600:.0f} hours with the same body it gives the "
        "same answer and changes nothing again."
    ),
}


def complete(app: FastAPI) -> None:
    """Have ``app.openapi()`` tell all of it."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        described = plain()
        if "securitySchemes" not in described.setdefault("components", {}):
            _complete(described)
        return described

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way


def _complete(described: dict[str, Any]) -> None:
    parts = described["components"]
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "An API key: swk_…"}}
    described["security"] = [{"key": []}]
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for method, operation in _operations(described):
        for status, words in _REFUSALS.items():
            problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
            operation["responses"][status] = {"description": words, "content": {"application/problem+json": problem}}
        if method == "post":
            operation.setdefault("parameters", []).append(_ONCE)
        if method in _WRITES:
            _show_body(operation)


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in described["paths"].values():
        yield from methods.items()


def _show_body(operation: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is None:
        return
    schema = body["schema"]
    fields: dict[str, Any] = next((each for each in (schema, *schema.get("anyOf", ())) if "properties" in each), {})
    done = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    shown = done["content"]["application/json"]["example"]
    body["example"] = {name: shown[name] for name in fields.get("properties", {}) if shown.get(name) not in (None, "")}

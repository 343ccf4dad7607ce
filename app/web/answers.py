"""JSON answers: pages with a ``next`` link, documented with an example each, encoded by msgspec.

Lists are built from plain rows and frozen structs; pydantic judges only what comes in. A route's documentation is made
from the same struct that it answers with, so the two cannot disagree.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zlib import crc32

import msgspec
from fastapi import Query, Request, Response

from app.core.listing import DEFAULT_LIMIT, MAX_LIMIT, Order, Page

_encoder = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical")
JSON = "application/json"
EXAMPLE_AT: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

LimitParam = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many rows a page holds.")]
CursorParam = Annotated[str | None, Query(max_length=600, description="Where the page begins: from a `next` link.")]


def order(sort: str, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Order:
    """What a list route was asked for."""
    return Order(sort, cursor, limit)


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """One object as JSON. UUIDs and decimals are strings, moments RFC 3339."""
    return Response(_encoder.encode(body), status, headers, JSON)


def answer_page(request: Request, page: Page[Any]) -> Response:
    """A page as ``{"items": […], "next": url | null}`` with the same link in a ``Link`` header (RFC 8288)."""
    link = None
    if page.next:
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        link = f"{request.app.state.settings.origin}{request.url.path}?{urlencode([*pairs, ('cursor', page.next)])}"
    body: dict[str, Any] = {"items": page.rows, "next": link}
    if page.total is not None:
        body["total"] = page.total
    return answer(body, headers={"Link": f'<{link}>; rel="next"'} if link else None)


def example_id(of: str) -> UUID:
    """The id of an example, the same in every print of the description: what refers to an app has the app's."""
    return UUID(f"019a43d2-8a00-7000-8000-{crc32(of.encode()):012x}")


def documented(kind: type, example: Any, *, status: int = 200, many: bool = False) -> dict[str, Any]:
    """The keyword arguments of a route decorator that describe its answer: schema and example of ``kind``."""
    schema = _schema(kind)
    shown = msgspec.to_builtins(example)
    if many:
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
            },
        }
        shown = {"items": [shown], "next": None}
    content = {JSON: {"schema": schema, "example": shown}}
    return {
        "response_class": Response,
        "status_code": status,
        "responses": {status: {"description": "Done", "content": content}},
    }


def _schema(kind: type) -> dict[str, Any]:
    schema, parts = msgspec.json.schema_components([kind], ref_template="{name}")
    inlined: dict[str, Any] = _inlined(schema[0], parts)
    return inlined


def _inlined(schema: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(parts[schema["$ref"]], parts)
        return {name: _inlined(value, parts) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, parts) for value in schema]
    return schema

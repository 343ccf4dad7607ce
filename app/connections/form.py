"""The form of a connection: its own facts, and the fields that its connector declares (named ``settings.<field>``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field, ValidationError

from app.core.errors import FieldError, Invalid
from app.core.incoming.field_messages import field_errors
from app.core.incoming.inputs import Input, Name
from app.core.outgoing.destinations import Destinations
from app.core.outgoing.remote_errors import AddressRefused
from app.web.form_values import shapes, value_of
from connectors.sdk.connector import Connector

PREFIX = "settings."
_MOST_FIELDS = 60
_LARGEST = 64 * 1024


class ConnectionForm(Input):
    """The facts that every connection has."""

    name: Name
    app_id: UUID | None = None
    every_minutes: Annotated[int, Field(ge=0, le=44_640)] = 0
    removal_percent: Annotated[int, Field(ge=0, le=100)] = 5
    removal_count: Annotated[int, Field(ge=0, le=1_000_000)] = 5


_SHAPES = shapes(ConnectionForm)


async def _read(request: Request) -> dict[str, str]:
    async with request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=_LARGEST) as sent:
        texts: dict[str, str] = {}
        for name, value in sent.multi_items():
            if not isinstance(value, str) or name in texts:
                raise Invalid(f"“{name[:60]}” was sent in a way this form does not take.")
            texts[name] = value
        return texts


Sent = Annotated[dict[str, str], Depends(_read)]


def facts_of(sent: Mapping[str, str], connector: Connector) -> Any:
    """What ``actions`` take, from what was sent. Refuses (``Invalid``) with one message per field.

    A box that is left unticked is not sent and means no.
    """
    fixed = {name: text for name, text in sent.items() if not name.startswith(PREFIX)}
    meant: dict[str, Any] = {name: text for name, text in fixed.items() if name not in _SHAPES}
    meant |= {name: value_of(shape, [fixed[name]]) for name, shape in _SHAPES.items() if name in fixed}
    try:
        facts = ConnectionForm.model_validate(meant).model_dump(include=set(meant))
    except ValidationError as error:
        raise Invalid("Some fields need your attention.", fields=tuple(field_errors(error))) from None
    settings: dict[str, object] = {field.name: "" for field in connector.fields if field.kind == "boolean"}
    settings |= {name.removeprefix(PREFIX): text for name, text in sent.items() if name.startswith(PREFIX)}
    return {**facts, "settings": settings}


def require_callable(request: Request, connector: Connector, settings: Mapping[str, object]) -> None:
    """Refuse (``Invalid``) an address among the settings that no call may go to, as far as its text tells."""
    destinations = Destinations(request.app.state.settings.allowed_internal_hosts)
    problems = []
    for field in connector.fields:
        address = settings.get(field.name)
        if field.kind == "url" and isinstance(address, str) and address.strip():
            try:
                destinations.foresee(address.strip())
            except AddressRefused as refused:
                problems.append(FieldError(f"{PREFIX}{field.name}", refused.message))
    if problems:
        raise Invalid("Some settings need your attention.", fields=tuple(problems))


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One declared field with what it holds; a secret never shows, ``is_stored`` says that there is one."""

    name: str
    label: str
    kind: str
    hint: str
    is_required: bool
    value: str
    is_stored: bool
    choices: tuple[tuple[str, str], ...]


def shown_fields(
    connector: Connector, typed: Mapping[str, str], stored: tuple[str, ...] = ()
) -> tuple[FieldShown, ...]:
    """The declared fields for the page; ``typed`` by form name."""
    return tuple(
        FieldShown(
            PREFIX + field.name, field.label, field.kind, field.hint, field.required and field.name not in stored,
            "" if field.kind == "secret" else typed.get(PREFIX + field.name, ""), field.name in stored,
            tuple((choice.value, choice.label) for choice in field.choices),
        )
        for field in connector.fields
        if field.kind != "file"
    )  # fmt: skip


def typed_defaults(connector: Connector) -> dict[str, str]:
    """What a new form holds."""
    found = {PREFIX + field.name: _text(field.default) for field in connector.fields if field.default is not None}
    return {
        "name": connector.name,
        "every_minutes": "1440",
        "removal_percent": "5",
        "removal_count": "5",
        "app_id": "",
        **found,
    }


def typed_saved(settings: Mapping[str, str | int | bool], facts: Mapping[str, object]) -> dict[str, str]:
    """What the form of an existing connection holds."""
    return {name: _text(value) for name, value in facts.items()} | {
        PREFIX + name: _text(value) for name, value in settings.items()
    }


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


Errors = tuple[FieldError, ...]

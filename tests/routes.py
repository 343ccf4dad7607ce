"""Every route of the product as the tests walk them: who may use it, what it takes. Mounts are among them."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import Mount

from app.core.permissions import ROLES, SESSION_ONLY, Permission
from app.main import describe

READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Route:
    """One method of one path. ``public`` says why anybody may use it; else ``permission`` is needed.

    ``form`` and ``body`` are the models of what a write takes, where one model says it; ``takes_form`` is also true for a
    form that is read in another way. ``query`` are the names of its parameters.
    """

    method: str
    path: str
    endpoint: Callable[..., Any] | None
    permission: Permission | None = None
    public: str = ""
    fresh: bool = False
    form: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    takes_form: bool = False

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_write(self) -> bool:
        return self.method not in READS | {"MOUNT"}

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def roles(self) -> frozenset[str]:
        """The roles that may use it."""
        return frozenset(key for key, role in ROLES.items() if self.permission in role.permissions)

    @property
    def takes_keys(self) -> bool:
        return self.is_api and self.permission is not None and self.permission not in SESSION_ONLY

    def at(self, **ids: Any) -> str:
        """The path with its parameters filled in."""
        return self.path.format(**ids)


@cache
def all_routes() -> tuple[Route, ...]:
    """Every route of the application that ``main`` builds, the mounts as the method MOUNT."""
    return tuple(route for context in iter_route_contexts(describe().routes) for route in _of(context))


def _of(context: Any) -> Iterator[Route]:
    if isinstance(context.original_route, Mount):
        yield Route("MOUNT", context.path, None)
        return
    assert isinstance(context.original_route, APIRoute), f"{context.path} is neither a route with a guard nor a mount"
    everything = list(_tree(context.dependant))
    guards = [vars(each.call) for each in everything if {"permission", "public"} & vars(each.call).keys()]
    assert len(guards) == 1, f"{context.methods} {context.path} has {len(guards)} guards"
    query = tuple(field.alias for each in everything for field in each.query_params)
    body = next((field.field_info.annotation for each in everything for field in each.body_params), None)
    for method in context.methods - {"HEAD"}:
        yield Route(
            method, context.path, context.endpoint,
            permission=guards[0].get("permission"), public=guards[0].get("public", ""), fresh=guards[0].get("fresh", False),
            form=next(filter(None, map(_form, everything)), None), body=_model(body), query=query,
            takes_form=any(map(_reads_form, everything)),
        )  # fmt: skip


def _tree(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _tree(inner)


def _reads_form(dependant: Dependant) -> bool:
    if any(isinstance(field.field_info, Form) for field in dependant.body_params):
        return True
    return getattr(dependant.call, "__qualname__", "").endswith(("form.<locals>.read", "_read"))


def _form(dependant: Dependant) -> type[BaseModel] | None:
    """The model of ``app.web.forms.form``, which its reader closes over."""
    if dependant.call is None or getattr(dependant.call, "__qualname__", "") != "form.<locals>.read":
        return None
    model: type[BaseModel] = inspect.getclosurevars(dependant.call).nonlocals["model"]
    return model


def _model(annotation: Any) -> type[BaseModel] | None:
    parts = getattr(annotation, "__args__", (annotation,))
    return next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)

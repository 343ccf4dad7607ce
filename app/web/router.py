"""The routes of a room: as FastAPI's, and each commits in the thread that it ran in."""

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from fastapi import APIRouter
from typing_extensions import override

from app.core.database import committing


class Router(APIRouter):
    """What a room's ``api.py`` and ``pages.py`` declare their routes on."""

    @override
    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        made = endpoint if iscoroutinefunction(endpoint) else committing(endpoint)
        super().add_api_route(path, made, **options)

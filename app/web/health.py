"""Alive and ready, for load balancers; no detail for strangers."""

from typing import Annotated

from fastapi import Request
from fastapi.responses import JSONResponse

from app.core import logs
from app.core.errors import StartRefused
from app.web.guards import static_public
from app.web.router import Router

router = Router()
_log = logs.get(__name__)
Stranger = Annotated[None, static_public("health checks carry no data")]


@router.get("/healthz", include_in_schema=False)
async def alive(_: Stranger) -> JSONResponse:
    """Alive: the process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", include_in_schema=False)
def ready(request: Request, _: Stranger) -> JSONResponse:
    """Ready: the database answers, is migrated, and its data keys open. 503 otherwise; the reason is in the log."""
    try:
        request.app.state.check()
    except (StartRefused, OSError) as error:
        _log.error("ready.failed", reason=str(error))
        return JSONResponse({"status": "unavailable"}, 503)
    return JSONResponse({"status": "ok"})

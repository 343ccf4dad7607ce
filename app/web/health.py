"""Alive and ready, for load balancers; no detail for strangers."""

from typing import Annotated

from fastapi import Request
from fastapi.responses import JSONResponse

from app.web.guards import static_public
from app.web.router import Router

router = Router()
Stranger = Annotated[None, static_public("health checks carry no data")]


@router.get("/healthz", include_in_schema=False)
async def alive(_: Stranger) -> JSONResponse:
    """Alive: the process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", include_in_schema=False)
def ready(request: Request, _: Stranger) -> JSONResponse:
    """Ready: 200 "ok", 200 "degraded" where only the vault is in trouble, else 503; the reason is in the log."""
    state = request.app.state.readiness()
    return JSONResponse({"status": state}, 503 if state == "unavailable" else 200)

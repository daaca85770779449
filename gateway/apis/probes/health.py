"""Probes: alive, ready."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gateway.apis.model_states import state
from gateway.apis.timestamp import now

SERVICE = "ai-talk-backend"


def health_router() -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, Any]:
        """Alive: this loop runs. Never depends on anything else."""
        return {"status": "healthy", "service": SERVICE, "timestamp": now()}

    @router.get("/ready")
    async def ready(request: Request) -> JSONResponse:
        """200 when a conversation can begin here, else 503."""
        gateway = request.app.state.gateway
        loaded = gateway.links.ready
        services = {"asr": loaded["stt"], "llm": loaded["llm"], "tts": loaded["tts"]}
        is_ready = all(services.values()) and not gateway.admission.draining
        body = {
            "status": "ready" if is_ready else "not_ready",
            "services": services,
            "states": {name: state(gateway.links.statuses[name]) for name in loaded},
            "analysis": loaded["analysis"],
            "redis": gateway.memory.up,
            "draining": gateway.admission.draining,
            "timestamp": now(),
        }
        return JSONResponse(body, 200 if is_ready else 503)

    return router

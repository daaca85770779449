"""Health for probes and people: alive, ready, and what is loaded."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from chassis.gpu_cards import GB
from gateway.http.callers import check_admin
from gateway.http.gpu import describe_gpu
from gateway.http.identity import VERSION
from gateway.settings import GatewaySettings
from protos.parley.v1 import control_pb2

SERVICE = "ai-talk-backend"
STATES = {
    control_pb2.MODEL_STATE_UNLOADED: "unloaded",
    control_pb2.MODEL_STATE_LOADING: "loading",
    control_pb2.MODEL_STATE_READY: "loaded",
    control_pb2.MODEL_STATE_FAILED: "failed",
    control_pb2.MODEL_STATE_DRAINING: "draining",
}


def now() -> str:
    return datetime.now(UTC).isoformat()


def health_router(settings: GatewaySettings) -> APIRouter:
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

    @router.get("/status", dependencies=[Depends(check_admin)])
    async def status(request: Request) -> dict[str, Any]:
        """What is loaded, in AI-Talk's shape, with slots and sessions besides."""
        gateway = request.app.state.gateway
        statuses = gateway.links.statuses
        return {
            "status": "running",
            "environment": settings.environment,
            "version": VERSION,
            "profile": settings.profile,
            "sessions": gateway.admission.sessions,
            "models": {
                "asr": {**model(statuses["stt"]), "sample_rate": 16_000, "stream_delay_ms": 0},
                "llm": {**model(statuses["llm"]), **LLM_FIELDS},
                "tts": {**model(statuses["tts"]), "sample_rate": 24_000, "audio_shift_ms": 0},
                "analysis": model(statuses["analysis"]),
            },
            "config": {
                "preload_models": True,
                "memory_efficient_loading": settings.enable_memory_efficient_loading,
                "asr_sample_rate": 16_000,
                "tts_sample_rate": 24_000,
                "llm_max_model_len": 0,
                "llm_gpu_memory_utilization": 0.0,
            },
        }

    @router.get("/gpu", dependencies=[Depends(check_admin)])
    async def gpu(request: Request) -> dict[str, Any]:
        """The cards, if there are any, and who has which slice. The embedded profile needs none."""
        statuses = request.app.state.gateway.links.statuses
        return await describe_gpu(settings.profile, statuses, settings.gpu_memory_reserved_gb)

    return router


LLM_FIELDS: dict[str, Any] = {
    "max_model_len": 0,
    "gpu_memory_utilization": 0.0,
    "default_max_tokens": 0,
    "default_temperature": 0.0,
    "default_top_p": 1.0,
    "gpu_info": {},
}


def state(status: control_pb2.ModelStatus | None) -> str:
    """What a model is doing, in a word."""
    return "unavailable" if status is None else STATES.get(status.state, "unknown")


def model(status: control_pb2.ModelStatus | None) -> dict[str, Any]:
    """One model of /status."""
    if status is None:
        return {"model_name": "", "is_loaded": False, "device": "", "dtype": "", "backend": "unavailable"}
    return {
        "model_name": status.model,
        "is_loaded": status.state == control_pb2.MODEL_STATE_READY,
        "device": status.device,
        "dtype": "",
        "backend": status.engine,
        "available_voices": list(status.voices),
        "languages": list(status.languages),
        "slots_total": status.slots_total,
        "slots_free": status.slots_free,
        "state": state(status),
        "detail": status.detail,
        "name": status.name,
        "fallback": status.fallback,
        "memory_bytes": status.memory_bytes,
        "slice_gb": round(status.slice_bytes / GB, 2),
        "gpu_gb": round(status.gpu_bytes / GB, 2),
        "load_s": round(status.load_s, 2),
    }

"""What is loaded and which cards there are, for the operator, in AI-Talk's shapes."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from chassis.gpu_cards import GB
from gateway import VERSION
from gateway.apis.ai_talk.gpu import describe_gpu
from gateway.apis.callers import check_admin
from gateway.apis.model_states import state
from gateway.conversation.agent import AGENTS, Agent
from gateway.links.fitness import Mind, loaded_mind, refusal, shortcomings
from gateway.settings import GatewaySettings
from protos.parley.v1 import control_pb2
from protos.sound import HEARD_RATE, SPOKEN_RATE

LLM_FIELDS: dict[str, Any] = {
    "max_model_len": 0,
    "gpu_memory_utilization": 0.0,
    "default_max_tokens": 0,
    "default_temperature": 0.0,
    "default_top_p": 1.0,
    "gpu_info": {},
}


def status_router(settings: GatewaySettings) -> APIRouter:
    router = APIRouter(dependencies=[Depends(check_admin)])

    @router.get("/status")
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
                "asr": {**model(statuses["stt"]), "sample_rate": HEARD_RATE, "stream_delay_ms": 0},
                "llm": {**model(statuses["llm"]), **LLM_FIELDS},
                "tts": {**model(statuses["tts"]), "sample_rate": SPOKEN_RATE, "audio_shift_ms": 0},
                "analysis": model(statuses["analysis"]),
            },
            "agents": [describe_agent(agent, loaded_mind(statuses["llm"])) for agent in AGENTS],
            "config": {
                "preload_models": True,
                "memory_efficient_loading": settings.enable_memory_efficient_loading,
                "asr_sample_rate": HEARD_RATE,
                "tts_sample_rate": SPOKEN_RATE,
                "llm_max_model_len": 0,
                "llm_gpu_memory_utilization": 0.0,
            },
        }

    @router.get("/gpu")
    async def gpu(request: Request) -> dict[str, Any]:
        """The GPUs of this machine and the slices that services have declared, in GB (10⁹ bytes)."""
        statuses = request.app.state.gateway.links.statuses
        return await describe_gpu(settings.profile, statuses, settings.gpu_memory_reserved_gb)

    return router


def describe_agent(agent: Agent, mind: Mind | None) -> dict[str, Any]:
    """An agent, and what it lacks with the loaded language model. `refused`: why it must not speak."""
    return {
        "name": agent.name,
        "language": agent.language,
        "needs": sorted(agent.needs),
        "shortcomings": [] if mind is None else list(shortcomings(agent, agent.language, mind)),
        "refused": "" if mind is None else refusal(agent, mind),
    }


def model(status: control_pb2.ModelStatus | None) -> dict[str, Any]:
    """One model of `/status`; memory in bytes, and in GB (10⁹ bytes) where the name says so."""
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
        "abilities": list(status.abilities),
        "memory_bytes": status.memory_bytes,
        "slice_gb": round(status.slice_bytes / GB, 2),
        "gpu_gb": round(status.gpu_bytes / GB, 2),
        "load_s": round(status.load_s, 2),
    }

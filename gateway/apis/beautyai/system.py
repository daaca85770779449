"""What an operator asks of the whole: BeautyAI's `/system`, as far as a cluster can answer it."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from chassis.tasks import task_group
from gateway.apis.beautyai.registry_api import MB, envelope
from gateway.apis.callers import check_admin
from gateway.apis.model_states import state
from gateway.links.links import problem
from gateway.links.merged import merged
from protos.parley.v1 import control_pb2 as pb

SERVICES = ("stt", "llm", "tts", "analysis")


def system_router() -> APIRouter:
    router = APIRouter(prefix="/system", dependencies=[Depends(check_admin)])

    @router.get("/status")
    async def status(request: Request) -> dict[str, Any]:
        """Each service's model, state, slots and memory, whole and by replica; the gateway's own sessions."""
        with envelope() as answer:
            gateway = request.app.state.gateway
            whole, replicas = gateway.links.statuses, gateway.links.replicas
            answer["data"] = {
                "services": {
                    name: {
                        **_service(whole[name]),
                        "replicas": [
                            {"address": address, **_service(status)}
                            for address, status in replicas[name].items()
                        ],
                    }
                    for name in SERVICES
                },
                "sessions": gateway.admission.sessions,
                "redis": gateway.memory.up,
                "draining": gateway.admission.draining,
            }
        return answer

    @router.post("/cache/clear")
    async def clear(request: Request) -> dict[str, Any]:
        """Every service gives back what it keeps only to be quicker; conversations go on."""
        with envelope() as answer:
            links = request.app.state.gateway.links
            before = links.statuses
            async with task_group() as group:
                asked = {name: group.create_task(links.clear_cache(name)) for name in SERVICES}
            after = {name: task.result() for name, task in asked.items()}
            answer["data"] = {
                name: {
                    "problem": problem(outcomes) or None,
                    "memory_mb_before": _megabytes(before[name]),
                    "memory_mb": _megabytes(merged([outcome.status for outcome in outcomes])),
                }
                for name, outcomes in after.items()
            }
        return answer

    return router


def _service(status: pb.ModelStatus | None) -> dict[str, Any]:
    if status is None:
        return {"state": "unavailable"}
    return {
        "state": state(status),
        "engine": status.engine,
        "model": status.model,
        "name": status.name,
        "device": status.device,
        "slots_free": status.slots_free,
        "slots_total": status.slots_total,
        "memory_mb": _megabytes(status),
        "detail": status.detail,
        "fallback": status.fallback,
    }


def _megabytes(status: pb.ModelStatus | None) -> float:
    return round(status.memory_bytes / MB, 1) if status is not None else 0.0

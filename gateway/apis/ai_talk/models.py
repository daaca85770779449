"""Load and unload models at run time, in AI-Talk's shape."""

from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request

from chassis.tasks import task_group
from gateway.apis.callers import check_admin
from gateway.links.links import Links, problem

SERVICES = {"asr": "stt", "llm": "llm", "tts": "tts"}


def models_router() -> APIRouter:
    router = APIRouter(prefix="/models", dependencies=[Depends(check_admin)])

    @router.post("/load")
    async def load(request: Request) -> dict[str, Any]:
        """Load every model that is not loaded: 200 and an `error` for each that could not be."""
        results = await _each(request.app.state.gateway.links, load=True)
        good = all(result["success"] for result in results.values())
        return {"status": "success" if good else "partial_failure", "results": results}

    @router.post("/unload")
    async def unload(request: Request) -> dict[str, Any]:
        """Unload every model, once its streams have ended; 409 where they do not in its service's DRAIN_S."""
        results = await _each(request.app.state.gateway.links, load=False)
        failures = [f"{name}: {result['error']}" for name, result in results.items() if not result["success"]]
        if failures:
            raise HTTPException(409, "; ".join(failures))
        return {"status": "success", "message": "All models unloaded"}

    return router


async def _each(links: Links, load: bool) -> dict[str, dict[str, Any]]:
    async with task_group() as group:
        asked = {
            name: group.create_task(links.load(service) if load else links.unload(service))
            for name, service in SERVICES.items()
        }
    errors = {name: problem(task.result()) for name, task in asked.items()}
    return {name: {"success": not error, "error": error or None} for name, error in errors.items()}

"""The voices that replies can be spoken in."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from gateway.apis.callers import check_caller

DEFAULT = "default"


def voices_router() -> APIRouter:
    router = APIRouter(prefix="/v1", dependencies=[Depends(check_caller)])

    @router.get("/voices")
    async def voices(request: Request) -> dict[str, Any]:
        """Those of the loaded model, the default first, as OpenAI lists things; empty without a service."""
        status = request.app.state.gateway.links.tts.status
        listed = [name for name in status.voices if name != DEFAULT] if status is not None else []
        engine = status.engine if status is not None else ""
        data = [{"id": name, "object": "voice", "engine": engine} for name in listed]
        return {"object": "list", "data": data, "languages": list(status.languages) if status else []}

    return router

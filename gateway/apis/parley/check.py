"""Whether a conversation would be let in now: a browser does not tell why it could not open a WebSocket."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response


def check_router() -> APIRouter:
    router = APIRouter()

    @router.post("/v1/conversation/check")
    async def check(request: Request) -> Response:
        """204, or the status and words that the socket would be refused with, and the reason as `code`."""
        door = request.app.state.gateway.door
        if (stranger := door.stranger(request)) is not None:
            status, code, words = stranger
            return JSONResponse({"code": code, "error": words}, status)
        ip = request.client.host if request.client else "?"
        if (refusal := door.admission.refusal(ip)) is not None:
            code, fault = refusal
            return JSONResponse({"code": code, "error": str(fault)}, 503)
        return Response(status_code=204)

    return router

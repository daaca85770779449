"""OpenAI's `/v1/models` and `/v1/chat/completions`, so that any of its clients works unmodified."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response, StreamingResponse

from chassis.faults import Fault
from gateway.apis.body import read_body
from gateway.apis.callers import visitor_refusal
from gateway.apis.completion import STREAM_HEADERS, begin_reply, gather_reply, served_models
from gateway.apis.openai.answer import Answer, error, fault_answer, stream
from gateway.apis.openai.request import ChatRequest, to_prompt


def openai_router() -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.get("/models")
    async def models(request: Request) -> Response:
        if refusal := refuse(request):
            return refusal
        listed = [model_object(name) for name in served_models(request.app.state.gateway.links)]
        return JSONResponse({"object": "list", "data": listed})

    @router.get("/models/{model}")
    async def model(model: str, request: Request) -> Response:
        if refusal := refuse(request):
            return refusal
        known = served_models(request.app.state.gateway.links)
        return JSONResponse(model_object(model)) if model in known else unknown_model(model, known)

    @router.post("/chat/completions")
    async def chat(request: Request) -> Response:
        if refusal := refuse(request):
            return refusal
        try:
            asked = ChatRequest.model_validate_json(await read_body(request))
            return await complete(request, asked)
        except ValidationError as bad:
            first = bad.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            message = f"{where}: {first['msg']}" if where else first["msg"]
            return error(400, message, "invalid_request_error", None, where or None)
        except Fault as fault:
            return fault_answer(fault)

    return router


def refuse(request: Request) -> Response | None:
    """The answer for a caller who may not; None for one who may."""
    refusal = visitor_refusal(request)
    if refusal is None:
        return None
    status, words = refusal
    if status == 403:
        return error(403, words, "permission_error", "forbidden_origin")
    return error(401, f"Incorrect API key: {words}", "authentication_error", "invalid_api_key")


def model_object(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "parley"}


def unknown_model(name: str, known: list[str]) -> Response:
    """OpenAI's 404, with the names that are served."""
    served = ", ".join(known) or "none, try again later"
    message = f"The model {name[:80]!r} does not exist here; served: {served}."
    return error(404, message, "invalid_request_error", "model_not_found", "model")


async def complete(request: Request, asked: ChatRequest) -> Response:
    """The answer, whole or as a stream. Raises a Fault as long as nothing of it has been sent."""
    gateway = request.app.state.gateway
    known = served_models(gateway.links)
    if known and asked.model not in known:
        return unknown_model(asked.model, known)
    # The first event decides between an HTTP error and a stream.
    events = await begin_reply(request, gateway.links, gateway.llm_share, to_prompt(asked))
    answer = Answer(asked.model)
    if asked.stream:
        chunks = stream(events, answer, asked.stream_options.include_usage)
        return StreamingResponse(chunks, headers=STREAM_HEADERS, media_type="text/event-stream")
    await gather_reply(request, events, answer.take)
    return JSONResponse(answer.whole())

"""OpenAI's `/v1/models` and `/v1/chat/completions`, so that any of its clients works unmodified."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response, StreamingResponse

from chassis.deadlines import within
from chassis.faults import Fault, InvalidArgument
from chassis.lanes import LaneEnded
from gateway.http.openai_answer import Answer, error, fault_answer, stream
from gateway.http.openai_request import ChatRequest, to_prompt
from gateway.links.links import Links
from gateway.links.llm import LlmLane
from protos.parley.v1 import llm_pb2 as pb

MAX_BODY_BYTES = 512 * 1024
FIRST_S = 30.0
BETWEEN_S = 30.0


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
            return await complete(request.app.state.gateway.links, asked)
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
    gateway = request.app.state.gateway
    headers = request.headers
    if not gateway.origins.allows(headers.get("origin"), headers.get("host", "")):
        return error(403, "this web page may not do that", "permission_error", "forbidden_origin")
    if not gateway.keys.admits(headers):
        message = "Incorrect API key: send Authorization: Bearer <key>."
        return error(401, message, "authentication_error", "invalid_api_key")
    return None


async def read_body(request: Request) -> bytes:
    """Raises InvalidArgument over the limit, before more is taken in."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise InvalidArgument(f"the body may have {MAX_BODY_BYTES} bytes at most")
    return bytes(body)


def served_models(links: Links) -> list[str]:
    """The names of the loaded model: the registry's, its own, and its engine's."""
    status = links.llm.status
    if status is None:
        return []
    return [name for name in dict.fromkeys((status.name, status.model, status.engine)) if name]


def model_object(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "parley"}


def unknown_model(name: str, known: list[str]) -> Response:
    served = ", ".join(known) or "none, try again later"
    message = f"The model {name[:80]!r} does not exist here; served: {served}."
    return error(404, message, "invalid_request_error", "model_not_found", "model")


async def complete(links: Links, asked: ChatRequest) -> Response:
    """Raises a Fault when nothing has been answered yet."""
    known = served_models(links)
    if known and asked.model not in known:
        return unknown_model(asked.model, known)
    lane = links.llm.open(session="http")
    try:
        lane.send(pb.ChatItem(prompt=to_prompt(asked)))
        # The first event decides between an HTTP error and a stream.
        async with within(FIRST_S, "the language model's first word"):
            first = await lane.receive()
    except BaseException:
        lane.cancel()
        raise
    events = remaining(lane, first)
    answer = Answer(asked.model)
    if asked.stream:
        chunks = stream(events, answer, asked.stream_options.include_usage)
        return StreamingResponse(chunks, media_type="text/event-stream")
    async for event in events:
        answer.take(event)
    return JSONResponse(answer.whole())


async def remaining(lane: LlmLane, first: pb.ChatEvent) -> AsyncIterator[pb.ChatEvent]:
    """The rest of a reply; a caller who leaves cancels it."""
    event = first
    try:
        yield event
        while not event.HasField("finished"):
            async with within(BETWEEN_S, "the language model's next word"):
                event = await lane.receive()
            yield event
    except LaneEnded:
        return
    finally:
        lane.cancel()

"""BeautyAI's `POST /inference/chat`: its page works unmodified.

A body of the wrong shape is 422, as FastAPI says it. Whatever else goes wrong is 200 with `success: false`
and a sentence in `error`, because that is what the page shows to people.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from chassis.faults import BackendFault, Fault, InternalFault
from gateway.apis.beautyai.content_filter import Verdict, check_content, join_verdicts, pieces, refusal
from gateway.apis.beautyai.inference_answer import InferenceAnswer, Reply
from gateway.apis.beautyai.inference_request import Asked, InferenceRequest, in_callers_words, read_request
from gateway.apis.beautyai.model_loading import serve_model
from gateway.apis.body import SlowBody, read_body
from gateway.apis.callers import check_caller
from gateway.apis.completion import begin_reply, gather_reply


def inference_router() -> APIRouter:
    router = APIRouter(prefix="/inference", dependencies=[Depends(check_caller)])

    @router.post("/chat")
    async def chat(request: Request) -> Response:
        try:
            asked = InferenceRequest.model_validate_json(await read_body(request))
        except ValidationError as bad:
            return JSONResponse({"detail": wrong_fields(bad)}, 422)
        except SlowBody as slow:
            return JSONResponse(InferenceAnswer(None, None).failed(str(slow)), 408, {"Connection": "close"})
        except Fault as fault:
            return JSONResponse(InferenceAnswer(None, None).failed(str(fault)))
        return JSONResponse(await answer(request, asked))

    return router


def wrong_fields(bad: ValidationError) -> list[dict[str, Any]]:
    """FastAPI's list of `type`, `loc`, `msg`, without its `input`: that may be what somebody said, or NaN."""
    errors = bad.errors(include_url=False, include_context=False, include_input=False)
    return [{"type": e["type"], "loc": ["body", *e["loc"]], "msg": e["msg"]} for e in errors]


async def answer(request: Request, sent: InferenceRequest) -> dict[str, Any]:
    """The body of the answer; a Fault makes it one with `success` false."""
    gateway = request.app.state.gateway
    links = gateway.links
    made = InferenceAnswer(sent, links.llm.status)
    try:
        await serve_model(request, sent.model_name)
        made.status = links.llm.status
        made.asked = asked = read_request(sent, links.llm.status)
        verdict = await judge(asked)
        if not verdict.passes:
            return made.failed(f"Content filtered: {refusal(verdict, asked.message, asked.language)}")
        made.reply = reply = Reply()
        events = await begin_reply(request, links, gateway.llm_share, asked.prompt)
        await gather_reply(request, events, reply.take)
    except Fault as fault:
        return made.failed(explain(fault, generating=made.reply is not None))
    if not reply.text:
        return made.failed(f"Generation failed: {silence(reply)}")
    return made.whole()


async def judge(asked: Asked) -> Verdict:
    """The content filter's verdict. Yields to the event loop after each piece, some 2 ms of work."""
    verdicts: list[Verdict] = []
    for piece in pieces(asked.message):
        verdicts.append(check_content(piece, asked.strictness))
        await asyncio.sleep(0)
    return join_verdicts(verdicts)


def explain(fault: Fault, generating: bool) -> str:
    """The sentence for a fault, in the caller's names of fields.

    "Generation failed: …" once the model was asked, and for whatever is not the caller's doing.
    """
    words = in_callers_words(str(fault))
    failed = generating or isinstance(fault, BackendFault | InternalFault)
    return f"Generation failed: {words}" if failed else words


def silence(reply: Reply) -> str:
    """Why a reply that ended well has no text, and what the caller can do about it."""
    if reply.thinking:
        return "the model thought until max_new_tokens was used up; raise it or set enable_thinking to false"
    return "the language model ended without a word"

"""What the language model answers, in OpenAI's shapes: whole, as a stream of chunks, or as an error."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import JSONResponse

from chassis.faults import ClientFault, Fault, NoSlot, TooSlow
from gateway.apis.body import SlowBody
from protos.parley.v1 import llm_pb2 as pb

STATUS: tuple[tuple[type[Fault], int, str], ...] = (
    (SlowBody, 408, "invalid_request_error"),
    (ClientFault, 400, "invalid_request_error"),
    (NoSlot, 429, "rate_limit_error"),
    (TooSlow, 504, "server_error"),
)
HEADERS = {408: {"Connection": "close"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error(status: int, message: str, kind: str, code: str | None, param: str | None = None) -> JSONResponse:
    return JSONResponse(error_body(message, kind, code, param), status, HEADERS.get(status))


def fault_answer(fault: Fault) -> JSONResponse:
    """The error that a fault is by `STATUS`; any other is 503 where it may pass, else 500."""
    for kind, status, name in STATUS:
        if isinstance(fault, kind):
            return error(status, str(fault), name, None)
    return error(503 if fault.retryable else 500, str(fault), "server_error", None)


class Answer:
    """One completion: gathers events, and makes the objects that OpenAI's clients read.

    `model`: the name that the caller gave.
    """

    def __init__(self, model: str) -> None:
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._finished = pb.ChatFinished()

    def take(self, event: pb.ChatEvent) -> dict[str, Any] | None:
        """Keep an event. Returns the `delta` of the chunk that it is in a stream; None for the last."""
        match event.WhichOneof("body"):
            case "delta":
                self._text.append(event.delta)
                return {"content": event.delta}
            case "thinking":
                self._thinking.append(event.thinking)
                return {"reasoning_content": event.thinking}
            case "tool_call":
                call = event.tool_call
                function = {"name": call.name, "arguments": call.arguments}
                self._calls.append({"id": call.id, "type": "function", "function": function})
                return {"tool_calls": [{"index": len(self._calls) - 1, **self._calls[-1]}]}
            case "finished":
                self._finished = event.finished
        return None

    @property
    def usage(self) -> dict[str, int]:
        prompt, completion = self._finished.prompt_tokens, self._finished.completion_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }

    def whole(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None}
        if self._thinking:
            message["reasoning_content"] = "".join(self._thinking)
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.reason}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": self.usage}

    @property
    def reason(self) -> str:
        return self._finished.reason or "stop"

    def chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def usage_chunk(self) -> dict[str, Any]:
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self.usage}


async def stream(events: AsyncIterator[pb.ChatEvent], answer: Answer, with_usage: bool) -> AsyncIterator[str]:
    """Server-sent events, ended by [DONE]; a Fault midway is an error event, and the last.

    `with_usage`: the last chunk but [DONE] counts tokens.
    """
    yield sse(answer.chunk({"role": "assistant", "content": ""}))
    try:
        async for event in events:
            if (delta := answer.take(event)) is not None:
                yield sse(answer.chunk(delta))
    except Fault as fault:
        yield sse(error_body(str(fault), "server_error", None))
        return
    yield sse(answer.chunk({}, answer.reason))
    if with_usage:
        yield sse(answer.usage_chunk())
    yield "data: [DONE]\n\n"


def sse(body: dict[str, Any]) -> str:
    """A server-sent event, in ASCII alone: many clients take U+2028 and U+0085 for the end of a line."""
    return f"data: {json.dumps(body, separators=(',', ':'))}\n\n"

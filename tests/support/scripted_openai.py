"""An OpenAI-compatible server that answers by script, on loopback, for tests of our client of them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

MODEL = "scripted"


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte as it is: each piece is one write."""

    pieces: tuple[bytes, ...]
    media_type: str = "text/event-stream"
    status: int = 200


@dataclass
class Script:
    """`answers` are used up one a request; a number is an HTTP status, a list the data of the stream.

    `models`: what /models answers; None: a list with the model. `refuses`: parameters that are answered with
    `status` in `words`.
    """

    answers: list[int | list[Any] | Raw] = field(default_factory=list)
    models: Raw | None = None
    refuses: tuple[str, ...] = ()
    words: str = "Unsupported parameter: '{}'"
    status: int = 400
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    open_streams: int = 0

    async def list_models(self, _: Request) -> Response:
        if self.models is not None:
            return _raw(self.models)
        return JSONResponse({"object": "list", "data": [{"id": MODEL}]})

    async def chat(self, request: Request) -> Response:
        self.requests.append(sent := await request.json())
        for name in self.refuses:
            if name in sent:
                return JSONResponse(
                    {"error": {"message": self.words.format(name), "param": None}}, self.status
                )
        answer = self.answers.pop(0) if self.answers else 500
        if isinstance(answer, int):
            return JSONResponse({"error": {"message": f"scripted {answer}"}}, answer)
        if isinstance(answer, Raw):
            return _raw(answer)
        return StreamingResponse(self._stream(answer), media_type="text/event-stream")

    async def _stream(self, data: list[Any]) -> AsyncIterator[str]:
        self.open_streams += 1
        try:
            for item in data:
                if item == "hang":
                    await asyncio.sleep(30)
                yield f"data: {item if isinstance(item, str) else json.dumps(item)}\n\n"
        finally:
            self.open_streams -= 1


def _raw(answer: Raw) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in answer.pieces:
            yield piece
            await asyncio.sleep(0.005)  # so that each is read by itself

    return StreamingResponse(pieces(), answer.status, media_type=answer.media_type)


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def end(reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


@asynccontextmanager
async def scripted(*answers: int | list[Any] | Raw, **fields: Any) -> AsyncIterator[Script]:
    """The server runs for the body, on this loop. `fields`: of the Script."""
    script = Script(list(answers), **fields)
    routes = [
        Route("/v1/models", script.list_models),
        Route("/v1/chat/completions", script.chat, methods=["POST"]),
    ]
    listener = socket.create_server(("127.0.0.1", 0))
    script.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        yield script
    finally:
        server.should_exit = server.force_exit = True
        await serving
        listener.close()

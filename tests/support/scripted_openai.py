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


@dataclass
class Script:
    """`answers` are used up one a request; a number is an HTTP status, a list the data of the stream."""

    answers: list[int | list[Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    open_streams: int = 0

    async def models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": MODEL}]})

    async def chat(self, request: Request) -> Response:
        self.requests.append(await request.json())
        answer = self.answers.pop(0) if self.answers else 500
        if isinstance(answer, int):
            return JSONResponse({"error": {"message": f"scripted {answer}"}}, answer)
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


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def end(reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


@asynccontextmanager
async def scripted(*answers: int | list[Any]) -> AsyncIterator[Script]:
    """The server runs for the body, on this loop."""
    script = Script(list(answers))
    routes = [
        Route("/v1/models", script.models),
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

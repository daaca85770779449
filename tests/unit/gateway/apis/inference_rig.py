"""The inference router over a language model that plays a script, without a network."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI

from chassis.lanes import LaneEnded
from gateway.apis.beautyai.inference_api import inference_router
from gateway.apis.llm_share import LlmShare
from gateway.apis.openai.api import openai_router
from gateway.door.keys import KeyRing
from gateway.door.origins import OriginPolicy
from gateway.links.links import Links
from gateway.registry.registry import ModelRegistry
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1.control_pb2 import ModelStatus

STATUS = ModelStatus(
    engine="vllm",
    model="tiny",
    name="registered",
    languages=["any"],
    abilities=["max_tokens", "temperature", "top_p", "top_k", "repetition_penalty"],
)


def delta(text: str) -> pb.ChatEvent:
    return pb.ChatEvent(delta=text)


def thought(text: str) -> pb.ChatEvent:
    return pb.ChatEvent(thinking=text)


def finished(tokens: int = 0, reason: str = "stop") -> pb.ChatEvent:
    return pb.ChatEvent(finished=pb.ChatFinished(reason=reason, completion_tokens=tokens))


class ScriptedLink:
    """A link and its one lane: plays events and faults, then ends; keeps what was asked."""

    def __init__(
        self, script: Sequence[pb.ChatEvent | Exception], status: ModelStatus | None = STATUS
    ) -> None:
        self.status = status
        self.prompts: list[pb.Prompt] = []
        self.cancelled = 0
        self.slots = 8
        self._script = list(script)

    def open(self, first: pb.ChatItem, **_: object) -> "ScriptedLink":
        self.prompts.append(first.prompt)
        return self

    async def receive(self) -> pb.ChatEvent:
        await asyncio.sleep(0)
        event = self._script.pop(0) if self._script else LaneEnded()
        if isinstance(event, Exception):
            raise event
        return event

    def cancel(self) -> None:
        self.cancelled += 1


def application(link: ScriptedLink, keys: Sequence[str] = ()) -> FastAPI:
    app = FastAPI()
    app.state.gateway = SimpleNamespace(
        links=SimpleNamespace(llm=link),
        origins=OriginPolicy(["http://page.test"], []),
        keys=KeyRing(keys),
        registry=ModelRegistry(None),
        llm_share=LlmShare(cast(Links, SimpleNamespace(llm=link)), 1.0),
    )
    app.include_router(inference_router())
    app.include_router(openai_router())
    return app


def post(
    link: ScriptedLink,
    body: dict[str, Any] | bytes,
    keys: Sequence[str] = (),
    headers: dict[str, str] | None = None,
    path: str = "/inference/chat",
) -> httpx.Response:
    """One request, as a client sends it."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(application(link, keys))
        async with httpx.AsyncClient(transport=transport, base_url="http://parley.test") as client:
            sent = {"content": body} if isinstance(body, bytes) else {"json": body}
            return await client.post(path, headers=headers, **sent)

    return asyncio.run(send())

"""The analysis service on loopback: an engine that remembers, a transcript as the gateway writes it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from analysis_service.engine import Conversation, Mistake, Progress, Report
from analysis_service.service import AnalysisService
from analysis_service.store import Store, transcript_key
from engine_room.engine_host import EngineHost
from engine_room.engines import EngineInfo
from gateway.memory.entries import TranscriptEntry
from protos.parley.v1 import analysis_pb2 as pb
from protos.parley.v1 import analysis_pb2_grpc
from tests.support.leaks import run
from tests.support.redis_server import RedisServer

TTL_S = 600
MISTAKE = Mistake("I goed", "I went", "‘Go’ has its own past.")


class Listener:
    """An engine that remembers what it was given; a fallback's reason can be put in."""

    def __init__(self) -> None:
        self.heard: list[Conversation] = []
        self.why = ""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="listener", model="script", slots=4)

    async def load(self) -> None:
        pass

    async def unload(self) -> None:
        pass

    async def analyze(self, conversation: Conversation) -> AsyncGenerator[Progress | Report, None]:
        self.heard.append(conversation)
        yield Progress(1, 1)
        stand_in = "rules" if self.why else ""
        yield Report(len(self.heard), 50, (MISTAKE,), engine=stand_in, fallback=self.why)

    @property
    def said(self) -> list[tuple[str, ...]]:
        return [conversation.utterances for conversation in self.heard]


def write(server: RedisServer, turn: int, user: str, session: str = "s1") -> None:
    """As the gateway does."""
    fields: Any = TranscriptEntry(session, turn, user, "Oh!", "Oh!", interrupted=False).fields()
    server.client.xadd(transcript_key(session), fields, id=f"{turn}-1")


@asynccontextmanager
async def serving(engine: Any, url: str = "") -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the real service."""
    host = EngineHost(engine)
    await host.load()
    store = Store(url, TTL_S) if url else None
    running = grpc.aio.server()
    analysis_pb2_grpc.add_AnalysisServicer_to_server(AnalysisService(host, store), running)
    port = running.add_insecure_port("127.0.0.1:0")
    await running.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await running.stop(0)
        await host.unload(1)
        if store is not None:
            await store.close()


async def ask(
    channel: grpc.aio.Channel,
    *utterances: str,
    session: str = "s1",
    last_turn: int = 0,
    level: str = "",
    timeout_s: float = 10,
) -> pb.AnalysisResult:
    """The one result; it comes last."""
    request = pb.AnalyzeRequest(session=session, utterances=utterances, last_turn=last_turn, level=level)
    call = analysis_pb2_grpc.AnalysisStub(channel).Analyze(request, timeout=timeout_s)
    *before, last = [response async for response in call]
    assert all(response.HasField("progress") for response in before)
    assert last.HasField("result")
    return last.result


def engine_is_given(url: str, *questions: dict[str, Any]) -> list[tuple[str, ...]]:
    """What the engine has to judge after these questions."""

    async def main() -> list[tuple[str, ...]]:
        engine = Listener()
        async with serving(engine, url) as channel:
            for question in questions:
                await ask(channel, *question.pop("said", ()), **question)
        return engine.said

    return run(main())

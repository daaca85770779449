"""A language model on loopback that answers as a test wants, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from analysis_service.engine import Conversation, Progress, Report
from analysis_service.engines.llm import LlmEngine
from chassis.faults import Fault
from chassis.grpc_options import SERVER_OPTIONS
from chassis.lane_items import Wire
from chassis.lane_server import LaneServer
from chassis.lanes import Lane
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc
from tests.support.leaks import run

DOWN: Wire[pb.ChatEvent] = Wire(batch=pb.ChatResponse, item=pb.ChatEvent)
WORDS_APART = 7
SAID = ("I goed to the market yesterday.", "My brother like it.")
MISTAKES = (("I goed", "I went"), ("My brother like", "My brother likes"))

Answer = str | Fault | None
"""Text; a fault; None: silence for ever."""


def judgement(
    grammar: object = 80,
    vocabulary: object = 70,
    fluency: object = 60,
    mistakes: tuple[tuple[str, str], ...] = (),
    strengths: tuple[str, ...] = ("You told a story.", "You asked questions."),
    suggestions: tuple[str, ...] = ("Practise the past.", "Use longer sentences."),
) -> dict[str, Any]:
    """What the schema asks for."""
    return {
        "grammar_score": grammar,
        "vocabulary_score": vocabulary,
        "fluency_score": fluency,
        "strengths": list(strengths),
        "suggestions": list(suggestions),
        "mistakes": [
            {"original": said, "correction": right, "explanation": "So it is."} for said, right in mistakes
        ],
    }


def said_in(prompt: pb.Prompt) -> tuple[str, ...]:
    """The utterances that a prompt holds."""
    return tuple(json.loads(prompt.messages[-1].content))


class ScriptedLlm(llm_pb2_grpc.LlmServicer):
    """`answer` decides by the prompt and by how many came before; `most_at_once` counts."""

    def __init__(self, answer: Callable[[pb.Prompt, int], Answer]) -> None:
        self.prompts: list[pb.Prompt] = []
        self.running = self.most_at_once = 0
        self._answer = answer
        self._lanes = LaneServer(DOWN, self._serve, 4)

    async def Chat(  # type: ignore[override]  # grpc.aio's read and write interface returns nothing
        self,
        request_iterator: Any,  # noqa: ARG002
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        await self._lanes.run(context)

    async def _serve(self, lane: Lane[pb.ChatEvent, pb.ChatItem]) -> None:
        prompt = (await lane.receive()).prompt
        self.prompts.append(prompt)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(0.02)
            await self._say(lane, self._answer(prompt, len(self.prompts) - 1))
        finally:
            self.running -= 1

    async def _say(self, lane: Lane[pb.ChatEvent, pb.ChatItem], answer: Answer) -> None:
        match answer:
            case str():
                for start in range(0, len(answer), WORDS_APART):
                    await lane.put(pb.ChatEvent(turn=1, delta=answer[start : start + WORDS_APART]))
                await lane.put(pb.ChatEvent(turn=1, finished=pb.ChatFinished(reason="stop")))
            case None:
                await asyncio.Event().wait()
            case fault:
                raise fault


def always(answer: Answer | dict[str, Any]) -> ScriptedLlm:
    return in_turn(answer)


def in_turn(*answers: Answer | dict[str, Any]) -> ScriptedLlm:
    """The last one for all that come after."""
    texts = [json.dumps(answer) if isinstance(answer, dict) else answer for answer in answers]
    return ScriptedLlm(lambda _, number: texts[min(number, len(texts) - 1)])


@asynccontextmanager
async def listening(llm: ScriptedLlm, port: int = 0) -> AsyncIterator[str]:
    """A real server on loopback; its address."""
    server = grpc.aio.server(options=SERVER_OPTIONS)
    llm_pb2_grpc.add_LlmServicer_to_server(llm, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{bound}"
    finally:
        await server.stop(0)


@asynccontextmanager
async def loaded(*addresses: str) -> AsyncIterator[LlmEngine]:
    engine = LlmEngine(addresses)
    await engine.load()
    try:
        yield engine
    finally:
        await engine.unload()
        # A call cut off while it connects ends, inside gRPC, a moment after its channel.
        await asyncio.sleep(0.05)


async def judge(
    engine: LlmEngine, *utterances: str, level: str = "intermediate", patience_s: float | None = None
) -> tuple[list[Progress], Report]:
    """The whole analysis; exactly one report, and it comes last."""
    conversation = Conversation(utterances, level, "s1", patience_s)
    *progress, report = [output async for output in engine.analyze(conversation)]
    assert isinstance(report, Report)
    steps = [step for step in progress if isinstance(step, Progress)]
    assert len(steps) == len(progress)
    return steps, report


def judged(llm: ScriptedLlm, *utterances: str, level: str = "intermediate") -> tuple[list[Progress], Report]:
    async def main() -> tuple[list[Progress], Report]:
        async with listening(llm) as address, loaded(address) as engine:
            return await judge(engine, *(utterances or SAID), level=level)

    return run(main())

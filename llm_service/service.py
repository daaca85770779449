"""The gRPC face of the language model: one lane per reply."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import grpc

from chassis.engine_host import EngineHost
from chassis.faults import InvalidArgument
from chassis.lane_server import LaneServer
from chassis.lanes import Lane, Wire
from llm_service.engine import (
    Delta,
    Finished,
    Level,
    LlmEngine,
    LlmOutput,
    Message,
    Prompt,
    Role,
    Sampling,
    Thinking,
)
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc

WIRE: Wire[pb.ChatEvent] = Wire(batch=pb.ChatResponse, item=pb.ChatEvent)
WINDOW_ITEMS = 4
PIECE_CHARS = 8_000
"""A longer delta goes out in pieces; engines do write rubbish."""

_ROLES: dict[int, Role] = {
    pb.ROLE_SYSTEM: "system",
    pb.ROLE_USER: "user",
    pb.ROLE_ASSISTANT: "assistant",
    pb.ROLE_TOOL: "tool",
}
_LEVELS: dict[str, Level] = {
    "": "intermediate",
    "beginner": "beginner",
    "intermediate": "intermediate",
    "advanced": "advanced",
}

ChatLane = Lane[pb.ChatEvent, pb.ChatItem]


class LlmService(llm_pb2_grpc.LlmServicer):
    def __init__(self, host: EngineHost[LlmEngine]) -> None:
        self._host = host
        self._lanes = LaneServer(WIRE, self._serve, WINDOW_ITEMS)

    async def Chat(  # type: ignore[override]  # grpc.aio's read and write interface returns nothing
        self,
        request_iterator: Any,  # noqa: ARG002
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        await self._lanes.run(context)

    async def _serve(self, lane: ChatLane) -> None:
        item = await lane.receive()
        if not item.HasField("prompt"):
            raise InvalidArgument("the first item of a lane must be its prompt")
        prompt = read_prompt(item.prompt)
        with self._host.slot() as engine:
            async with aclosing(engine.chat(prompt)) as outputs:
                first = True
                async for output in outputs:
                    for event in events(output, prompt.turn):
                        await lane.put(event, urgent=first or isinstance(output, Finished))
                    first = False


def read_prompt(prompt: pb.Prompt) -> Prompt:
    """The prompt in the engine's terms. Raises InvalidArgument, naming what is wrong."""
    if not prompt.messages:
        raise InvalidArgument("a prompt needs at least one message")
    if prompt.level not in _LEVELS:
        raise InvalidArgument(f"level must be beginner, intermediate or advanced, not {prompt.level!r}")
    return Prompt(
        turn=prompt.turn,
        messages=tuple(_message(message) for message in prompt.messages),
        sampling=_sampling(prompt.sampling),
        level=_LEVELS[prompt.level],
        language=prompt.language or "en",
    )


def _message(message: pb.ChatMessage) -> Message:
    if message.role not in _ROLES:
        raise InvalidArgument("each message needs a role: system, user, assistant or tool")
    return Message(_ROLES[message.role], message.content)


def _sampling(sampling: pb.Sampling) -> Sampling:
    given = {field.name: value for field, value in sampling.ListFields()}
    if not 0 <= given.get("temperature", 0) <= 2:
        raise InvalidArgument(f"temperature must be 0 to 2, not {sampling.temperature:g}")
    if not 0 < given.get("top_p", 1) <= 1:
        raise InvalidArgument(f"top_p must be over 0 and at most 1, not {sampling.top_p:g}")
    return Sampling(**given)


def events(output: LlmOutput, turn: int) -> Iterator[pb.ChatEvent]:
    """The wire's events for one output of an engine."""
    match output:
        case Delta(text=text):
            for piece in pieces(text):
                yield pb.ChatEvent(turn=turn, delta=piece)
        case Thinking(text=text):
            for piece in pieces(text):
                yield pb.ChatEvent(turn=turn, thinking=piece)
        case Finished(reason=reason, prompt_tokens=prompt, completion_tokens=completion):
            finished = pb.ChatFinished(reason=reason, prompt_tokens=prompt, completion_tokens=completion)
            yield pb.ChatEvent(turn=turn, finished=finished)


def pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE_CHARS):
        yield text[start : start + PIECE_CHARS]

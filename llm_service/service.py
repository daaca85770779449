"""The gRPC face of the language model: one lane per reply."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import grpc

from chassis.faults import InvalidArgument, NoSlot
from chassis.lane_items import Wire
from chassis.lane_server import LaneServer
from chassis.lanes import Lane
from chassis.tracing import Span
from engine_room.engine_host import EngineHost, State
from llm_service.engine import Delta, Finished, LlmEngine, LlmOutput, Thinking, ToolCall
from llm_service.prompts import read_prompt
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc

WIRE: Wire[pb.ChatEvent] = Wire(batch=pb.ChatResponse, item=pb.ChatEvent)
WINDOW_ITEMS = 4
KEPT_PART = 4
"""Of the slots, one in so many is kept for turns of conversations: an analysis asks for several at once."""
PIECE_CHARS = 8_000
"""A longer delta goes out in pieces; engines do write rubbish."""

ChatLane = Lane[pb.ChatEvent, pb.ChatItem]


class LlmService(llm_pb2_grpc.LlmServicer):
    def __init__(self, host: EngineHost[LlmEngine]) -> None:
        self._host = host
        self._lanes = LaneServer(WIRE, self._serve, WINDOW_ITEMS, work="chat")

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
        if item.prompt.background:
            self._keep_room()
        with self._host.slot() as engine:
            prompt = read_prompt(item.prompt, engine.abilities, engine.info.name)
            span = lane.traces.span
            span.event("accepted", engine=engine.info.name)
            async with aclosing(engine.chat(prompt)) as outputs:
                first = True
                async for output in outputs:
                    if first:
                        span.event("first_token")
                    if isinstance(output, Finished):
                        describe(output, span)
                    for event in events(output, prompt.turn):
                        await lane.put(event, urgent=first or isinstance(output, Finished))
                    first = False

    def _keep_room(self) -> None:
        """Raises NoSlot for what nobody waits to hear, where it would take a place that turns may need."""
        slots = self._host.engine.info.slots
        if self._host.state is State.READY and self._host.free <= slots // KEPT_PART:
            raise NoSlot(f"the last of {slots} slots are kept for conversations; try again later")


def describe(finished: Finished, span: Span) -> None:
    span.set(
        reason=finished.reason,
        prompt_tokens=finished.prompt_tokens,
        completion_tokens=finished.completion_tokens,
    )


def events(output: LlmOutput, turn: int) -> Iterator[pb.ChatEvent]:
    """The wire's events for one output of an engine."""
    match output:
        case Delta(text=text):
            for piece in pieces(text):
                yield pb.ChatEvent(turn=turn, delta=piece)
        case Thinking(text=text):
            for piece in pieces(text):
                yield pb.ChatEvent(turn=turn, thinking=piece)
        case ToolCall(id=call, name=name, arguments=arguments):
            yield pb.ChatEvent(turn=turn, tool_call=pb.ToolCall(id=call, name=name, arguments=arguments))
        case Finished(reason=reason, prompt_tokens=prompt, completion_tokens=completion):
            finished = pb.ChatFinished(reason=reason, prompt_tokens=prompt, completion_tokens=completion)
            yield pb.ChatEvent(turn=turn, finished=finished)


def pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), PIECE_CHARS):
        yield text[start : start + PIECE_CHARS]

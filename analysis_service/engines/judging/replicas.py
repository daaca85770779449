"""The language model's replicas, as a judge sees them: one question, one whole answer."""

import asyncio
from collections.abc import Sequence

from chassis.deadlines import within
from chassis.faults import Fault, Unavailable
from chassis.lane_client import LaneClient
from chassis.lane_items import Wire
from chassis.lanes import Lane, LaneEnded
from chassis.roster import Roster
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc

WINDOW_ITEMS = 512
WIRE: Wire[pb.ChatItem] = Wire(batch=pb.ChatRequest, item=pb.ChatItem)
CONNECT_LOOKS, LOOK_S = 100, 0.02
"""A question waits two seconds for a replica: right after the start, or while a lost one comes back."""
FIRST_S = 5.0
BETWEEN_S = 3.0
MOST_CHARS = 32_000
"""Of an answer; a model that goes on is stopped."""


class Client(LaneClient[pb.ChatItem, pb.ChatEvent]):
    """A stream to one of them."""

    def __init__(self, address: str) -> None:
        super().__init__(address, lambda channel: llm_pb2_grpc.LlmStub(channel).Chat, WIRE, WINDOW_ITEMS)

    @property
    def silent(self) -> bool:
        return not self.connected


class Replicas:
    """`hold` keeps a stream to each; `ask` puts a question to one that is connected."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._roster = Roster(addresses, Client)
        self._doubtful: Client | None = None

    def hold(self, group: asyncio.TaskGroup) -> "asyncio.Task[None]":
        """The task that keeps the links; it runs until it is cancelled."""
        return group.create_task(self._roster.run())

    async def ask(self, prompt: pb.Prompt, session: str, traceparent: str = "") -> str:
        """The whole answer, as far as it came; `traceparent`: of the span that asks. Raises a Fault."""
        client = await self._connected()
        try:
            return await _answer(client.open(pb.ChatItem(prompt=prompt), session, traceparent=traceparent))
        except Fault:
            self._doubtful = client
            raise

    async def _connected(self) -> Client:
        """The one with the fewest questions; the one that failed last only when there is no other."""
        for _ in range(CONNECT_LOOKS):
            if connected := [client for client in self._roster.members if client.connected]:
                return min(connected, key=lambda client: (client is self._doubtful, client.open_lanes))
            await asyncio.sleep(LOOK_S)
        raise Unavailable("no language model answers")


async def _answer(lane: Lane[pb.ChatItem, pb.ChatEvent]) -> str:
    text: list[str] = []
    chars, patience_s = 0, FIRST_S
    try:
        while chars < MOST_CHARS:
            async with within(patience_s, "the language model's answer"):
                event = await lane.receive()
            if event.HasField("finished"):
                break
            text.append(event.delta)
            chars += len(event.delta)
            patience_s = BETWEEN_S
    except LaneEnded:
        raise Unavailable("the language model ended its answer midway") from None
    finally:
        lane.cancel()
    return "".join(text)

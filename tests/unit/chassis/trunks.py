"""Trunks for tests: two ends in memory, or a real server and client on loopback, with the TTS wire."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from chassis.grpc_options import SERVER_OPTIONS
from chassis.lane_client import LaneClient
from chassis.lane_items import Wire
from chassis.lane_server import FIRST_ITEM_S, LaneServer
from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from protos.parley.v1 import tts_pb2 as pb
from protos.parley.v1 import tts_pb2_grpc

UP: Wire[pb.SpeakItem] = Wire(batch=pb.SpeakRequest, item=pb.SpeakItem)
DOWN: Wire[pb.SpeechEvent] = Wire(batch=pb.SpeakResponse, item=pb.SpeechEvent)

UpLane = Lane[pb.SpeakItem, pb.SpeechEvent]
DownLane = Lane[pb.SpeechEvent, pb.SpeakItem]
UpTrunk = Trunk[pb.SpeakItem, pb.SpeechEvent]
DownTrunk = Trunk[pb.SpeechEvent, pb.SpeakItem]
Client = LaneClient[pb.SpeakItem, pb.SpeechEvent]


HELLO = pb.SpeakItem(config=pb.SpeakConfig(voice="hello"))
"""What opens every lane; the service takes it before its function is called."""


def text(words: str) -> pb.SpeakItem:
    return pb.SpeakItem(text=words)


def spoken(number: int) -> pb.SpeechEvent:
    return pb.SpeechEvent(turn=number)


class Pair:
    """Two trunks joined in memory. `sent` keeps what the upper end wrote, message by message."""

    def __init__(self, window: int = 8) -> None:
        self.window = window
        self.up: UpTrunk = Trunk(UP, self._carry_down, tick_s=0.001)
        self.down: DownTrunk = Trunk(DOWN, self._carry_up, tick_s=0.001)
        self.sent: list[pb.SpeakRequest] = []

    def lane(self, number: int) -> tuple[UpLane, DownLane]:
        """Both ends of one open lane."""
        upper: UpLane = Lane(self.up, number, "session", 1, send=self.window, window=self.window)
        lower: DownLane = Lane(self.down, number, "session", 1, send=self.window, window=self.window)
        self.up.add(upper)
        self.down.add(lower)
        return upper, lower

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Both writers run for the body."""
        async with asyncio.TaskGroup() as group:
            writers = [group.create_task(t.write_forever()) for t in (self.up, self.down)]
            try:
                yield
            finally:
                for writer in writers:
                    writer.cancel()

    async def _carry_down(self, message: pb.SpeakRequest) -> None:
        message = pb.SpeakRequest.FromString(message.SerializeToString())
        self.sent.append(message)
        await asyncio.sleep(0)
        for item in message.items:
            self.down.deliver(item)

    async def _carry_up(self, message: pb.SpeakResponse) -> None:
        message = pb.SpeakResponse.FromString(message.SerializeToString())
        await asyncio.sleep(0)
        for item in message.items:
            self.up.deliver(item)


class Service(tts_pb2_grpc.TtsServicer):
    """Serves lanes with a function, and counts its tasks."""

    def __init__(
        self, serve: Callable[[DownLane], Awaitable[None]], window: int, first_item_s: float = FIRST_ITEM_S
    ) -> None:
        self._serve = serve
        self._lanes = LaneServer(DOWN, self._count, window, first_item_s=first_item_s)
        self.streams = self.running = self.started = self.cancelled = 0
        self.cancelled_at = 0.0

    async def Speak(  # type: ignore[override]  # grpc.aio's read and write interface returns nothing
        self,
        request_iterator: Any,  # noqa: ARG002
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        self.streams += 1
        await self._lanes.run(context)

    async def _count(self, lane: DownLane) -> None:
        self.running += 1
        self.started += 1
        try:
            assert (await lane.receive()).config.voice == "hello"
            await self._serve(lane)
        except asyncio.CancelledError:
            self.cancelled += 1
            self.cancelled_at = time.monotonic()
            raise
        finally:
            self.running -= 1


@asynccontextmanager
async def listening(service: Service, port: int = 0) -> AsyncIterator[int]:
    """A real server on loopback; its port."""
    server = grpc.aio.server(options=SERVER_OPTIONS)
    tts_pb2_grpc.add_TtsServicer_to_server(service, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(0)


@asynccontextmanager
async def calling(port: int, window: int) -> AsyncIterator[Client]:
    """A client that keeps its stream alive for the body."""
    client: Client = LaneClient(
        f"127.0.0.1:{port}", lambda channel: tts_pb2_grpc.TtsStub(channel).Speak, UP, window
    )
    async with asyncio.TaskGroup() as group:
        holding = group.create_task(client.run())
        try:
            yield client
        finally:
            holding.cancel()


@asynccontextmanager
async def connected(
    serve: Callable[[DownLane], Awaitable[None]], window: int = 8
) -> AsyncIterator[tuple[Client, Service]]:
    """A client with a living stream to a service."""
    service = Service(serve, window)
    async with listening(service) as port, calling(port, window) as client:
        await until(lambda: client.connected)
        yield client, service


async def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.001)


async def echo(lane: DownLane) -> None:
    """Answers each text with its length."""
    async for item in lane:
        await lane.put(spoken(len(item.text)))

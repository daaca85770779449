"""The service over a real link: what nobody waits to hear leaves room for those who talk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from chassis.faults import NoSlot
from chassis.lane_client import LaneClient
from chassis.lane_items import Wire
from chassis.lanes import Lane, LaneEnded
from engine_room.engine_host import EngineHost
from llm_service.engine import LlmEngine
from llm_service.engines.fake import FakeEngine
from llm_service.service import LlmService
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc
from tests.support.leaks import run

UP: Wire[pb.ChatItem] = Wire(batch=pb.ChatRequest, item=pb.ChatItem)
Link = LaneClient[pb.ChatItem, pb.ChatEvent]


@asynccontextmanager
async def linked(slots: int) -> AsyncIterator[tuple[Link, EngineHost[LlmEngine]]]:
    host: EngineHost[LlmEngine] = EngineHost(FakeEngine(first_token_s=0, slots=slots))
    await host.load()
    server = grpc.aio.server()
    llm_pb2_grpc.add_LlmServicer_to_server(LlmService(host), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    link: Link = LaneClient(f"127.0.0.1:{port}", lambda channel: llm_pb2_grpc.LlmStub(channel).Chat, UP, 64)
    holding = asyncio.create_task(link.run())
    try:
        while not link.connected:
            await asyncio.sleep(0.01)
        yield link, host
    finally:
        holding.cancel()
        await asyncio.wait([holding])
        await server.stop(0)
        await host.unload(1)


def ask(link: Link, words: str, background: bool = False) -> Lane[pb.ChatItem, pb.ChatEvent]:
    message = pb.ChatMessage(role=pb.ROLE_USER, content=words)
    return link.open(pb.ChatItem(prompt=pb.Prompt(turn=1, messages=[message], background=background)), "s")


async def answer(lane: Lane[pb.ChatItem, pb.ChatEvent]) -> str:
    said = ""
    try:
        while True:
            said += (await lane.receive()).delta
    except LaneEnded:
        return said


async def taken(host: EngineHost[LlmEngine], slots: int) -> None:
    async with asyncio.timeout(5):
        while host.used < slots:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("slots", "busy"), [(8, 5), (4, 2), (1, 0)])
def test_an_analysis_is_written_while_a_quarter_of_the_slots_stays_free(slots: int, busy: int) -> None:
    async def main() -> None:
        async with linked(slots) as (link, host):
            lanes = [ask(link, "hang") for _ in range(busy)]
            await taken(host, busy)
            assert await answer(ask(link, "judge this", background=True))
            for lane in lanes:
                lane.cancel()

    run(main())


def test_the_last_slots_are_a_turns_and_no_analysis_takes_them() -> None:
    async def main() -> None:
        async with linked(8) as (link, host):
            lanes = [ask(link, "hang") for _ in range(6)]
            await taken(host, 6)
            with pytest.raises(NoSlot, match="kept for conversations"):
                await answer(ask(link, "judge this", background=True))
            assert await answer(ask(link, "hello"))
            for lane in lanes:
                lane.cancel()

    run(main())

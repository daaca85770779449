"""A replica whose process lives but says nothing is not ready, whatever gRPC's threads answer to pings."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from chassis.faults import Fault, TooSlow
from engine_room.model_control import ModelControl
from gateway.links.replica import StatusWatch
from protos.parley.v1 import control_pb2 as pb
from protos.parley.v1 import control_pb2_grpc

SILENT_S = 0.3


class Control(ModelControl):
    """Says that it is ready for so long as `speaking` is set."""

    def __init__(self) -> None:
        nobody: Any = None
        super().__init__("stt", nobody, drain_s=0)
        self.speaking = asyncio.Event()
        self.speaking.set()
        self.watches = 0

    async def Watch(
        self,
        request: pb.StatusRequest,  # noqa: ARG002
        context: Any,  # noqa: ARG002
    ) -> AsyncIterator[pb.ModelStatus]:
        self.watches += 1
        while True:
            await self.speaking.wait()
            yield pb.ModelStatus(state=pb.MODEL_STATE_READY, slots_total=4, slots_free=3)
            await asyncio.sleep(SILENT_S / 10)


@asynccontextmanager
async def watching(
    control: Control, lost: list[Fault], seen: list[pb.ModelStatus]
) -> AsyncIterator[StatusWatch]:
    server = grpc.aio.server()
    control_pb2_grpc.add_ModelControlServicer_to_server(control, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    watch = StatusWatch(f"127.0.0.1:{port}", seen.append, lost.append, SILENT_S)
    running = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        running.cancel()
        await asyncio.wait([running])
        await server.stop(0)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_replica_that_falls_silent_is_not_ready_its_lanes_are_told_and_it_is_watched_anew() -> None:
    control, lost, seen = Control(), list[Fault](), list[pb.ModelStatus]()
    async with watching(control, lost, seen) as watch:
        await until(lambda: watch.ready)
        await asyncio.sleep(SILENT_S * 2)
        assert (watch.ready, watch.free, control.watches, lost) == (True, 3, 1, [])
        control.speaking.clear()
        await until(lambda: not watch.ready)
        assert watch.silent
        assert [type(fault) for fault in lost] == [TooSlow]
        await asyncio.sleep(SILENT_S * 2)
        assert len(lost) == 1, "it is told once"
        control.speaking.set()
        await until(lambda: watch.ready)
        assert control.watches > 1
    assert len(seen) > 5


async def test_a_hang_of_our_own_is_not_taken_for_the_replicas_silence() -> None:
    control, lost = Control(), list[Fault]()
    async with watching(control, lost, []) as watch:
        await until(lambda: watch.ready)
        time.sleep(SILENT_S * 3)
        await asyncio.sleep(SILENT_S)
        assert watch.ready
        assert lost == []

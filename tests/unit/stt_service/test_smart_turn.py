"""The whole way: a lane that asks for smart_turn, the room that hears it, the real model."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from chassis.tasks import task_group
from engine_room.engine_host import EngineHost
from engine_room.wheels import WHEELS, fetch
from protos.parley.v1 import stt_pb2 as pb
from stt_service.engine import SttEngine
from stt_service.engines.fake import FakeEngine
from stt_service.gate.gate import SpeechGate
from stt_service.service import WIRE, SttService
from stt_service.settings import SttSettings
from tests.support.spoken import silence, speech
from tests.unit.stt_service.test_turn_ends import FINISHED, UNFINISHED

PIECE = 2 * 1600
WAIT_S = 20.0


class Caller:
    def __init__(self) -> None:
        self.told = asyncio.Queue[str]()
        self._trunk: Trunk[pb.ListenEvent, pb.ListenItem] = Trunk(WIRE, self._keep, tick_s=0)
        self.lane = Lane(self._trunk, 1, "session", 0, send=64, window=512)
        self._trunk.add(self.lane)
        self.write_forever = self._trunk.write_forever

    async def _keep(self, message: Any) -> None:
        for item in message.items:
            kind = str(item.WhichOneof("body"))
            if kind not in ("control", "partial", "voice_noticed", "voice_dismissed"):
                self.told.put_nowait(kind)

    def send(self, **body: Any) -> None:
        self._trunk.deliver(pb.ListenItem(lane=1, **body))

    def say(self, pcm: bytes) -> None:
        for begin in range(0, len(pcm), PIECE):
            self.send(audio=pcm[begin : begin + PIECE])

    async def hear(self) -> str:
        async with asyncio.timeout(WAIT_S):
            return await self.told.get()


@asynccontextmanager
async def calling() -> AsyncIterator[Caller]:
    await fetch(WHEELS["smart-turn"])
    host = EngineHost[SttEngine](FakeEngine("hello there", 0, 1))
    await host.load()
    service, caller = SttService(host, SttSettings(stt_engine="fake")), Caller()
    async with task_group() as group:
        writer = group.create_task(caller.write_forever())
        caller.send(config=pb.ListenConfig(end_of_turn="smart_turn"))
        serving = group.create_task(service._serve(caller.lane))
        assert await caller.hear() == "ready"
        yield caller
        caller.send(control={"close": {}})
        await serving
        writer.cancel()
    await service.close()


async def test_who_sounds_finished_is_answered_though_no_silence_was_long_enough() -> None:
    said = silence(0.4) + await asyncio.to_thread(speech, FINISHED[0])
    async with calling() as caller:
        caller.say(said + silence(0.4))
        assert [await caller.hear() for _ in range(3)] == ["speech_started", "speech_stopped", "final"]


async def test_who_does_not_is_waited_for_though_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    borne = asyncio.Event()
    bear = SpeechGate.bear

    def watched(self: SpeechGate, silence_ms: int) -> None:
        bear(self, silence_ms)
        borne.set()

    monkeypatch.setattr(SpeechGate, "bear", watched)
    said = silence(0.4) + await asyncio.to_thread(speech, UNFINISHED[0])
    async with calling() as caller:
        caller.say(said + silence(0.4))
        async with asyncio.timeout(WAIT_S):
            await borne.wait()
        caller.say(silence(0.5))
        caller.say(await asyncio.to_thread(speech, FINISHED[1]))
        caller.say(silence(0.4))
        assert [await caller.hear() for _ in range(3)] == ["speech_started", "speech_stopped", "final"]
        assert caller.told.empty(), "it was one utterance"

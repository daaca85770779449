"""One lane's hearing: the gate where audio comes, the engine behind it."""

import asyncio
from typing import Any

import pytest

from chassis.faults import InternalFault, InvalidArgument, Overflow
from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from chassis.tasks import task_group
from engine_room.engines import EngineInfo
from protos.parley.v1 import stt_pb2 as pb
from stt_service import service
from stt_service.engine import Hypothesis, SttOutput
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.noise import NoiseFilter, NoiseSettings
from stt_service.gate.vad import EnergyVad
from stt_service.service import WIRE, Recognition
from tests.support.spoken import silence, tone
from tests.support.virtual_time import run_virtual

FRAME = 640
WINDOW = 16


class SlowStream:
    """Takes nothing before it `goes`; `fails` then if it was told to."""

    def __init__(self) -> None:
        self.goes = asyncio.Event()
        self.fails = False
        self.fed = 0
        self.confidence: float | None = None

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        await self.goes.wait()
        if self.fails:
            raise InternalFault("the engine broke")
        self.fed += len(pcm)
        return [Hypothesis("hello")]

    async def lull(self, begins: bool) -> None: ...

    async def finish(self) -> Hypothesis:
        return Hypothesis("hello there", confidence=self.confidence)

    async def reset(self) -> None:
        self.fed = 0

    async def close(self) -> None: ...


class Rig:
    """A lane to the recognition; `told` is what it said, `granted` how many items it made room for."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.finals: list[pb.FinalTranscript] = []
        self.granted = 0
        self.stream = SlowStream()
        self.trunk: Trunk[pb.ListenEvent, pb.ListenItem] = Trunk(WIRE, self._keep, tick_s=0)
        self.lane = Lane(self.trunk, 1, "session", 0, send=64, window=WINDOW)
        self.trunk.add(self.lane)
        self.recognition = Recognition(
            self.lane,
            SpeechGate(EnergyVad(), GateSettings()),
            NoiseFilter(NoiseSettings()),
            self.stream,
            EngineInfo(name="slow", model="slow", slots=1),
        )

    async def _keep(self, message: pb.ListenResponse) -> None:
        for item in message.items:
            self.granted += item.control.credit.items
            if item.HasField("final"):
                self.finals.append(item.final)
            if (kind := item.WhichOneof("body")) != "control":
                self.told.append(str(kind))

    def come(self, **body: Any) -> None:
        self.trunk.deliver(pb.ListenItem(lane=1, **body))

    async def hear(self, pcm: bytes) -> None:
        """As a peer that keeps to its credit sends it."""
        for start in range(0, len(pcm), FRAME):
            self.come(audio=pcm[start : start + FRAME])
            await passes()


async def passes() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_speech_is_noticed_and_its_end_while_the_engine_takes_nothing() -> None:
    async def main() -> None:
        rig = Rig()
        async with task_group() as group:
            writer = group.create_task(rig.trunk.write_forever())
            hearing = group.create_task(rig.recognition.run())
            await passes()
            await rig.hear(silence(0.3) + tone(0.5) + silence(1.0))
            assert rig.told == ["voice_noticed", "speech_started", "speech_stopped"]
            assert rig.stream.fed == 0
            rig.stream.goes.set()
            await passes()
            assert rig.told[3:] == ["partial", "final"]
            rig.come(control={"close": {}})
            await hearing
            writer.cancel()

    run_virtual(main())


def test_a_short_sound_whose_words_the_engine_doubts_is_told_as_unsure() -> None:
    async def main(seconds: float, confidence: float | None) -> bool:
        rig = Rig()
        rig.stream.confidence = confidence
        rig.stream.goes.set()
        async with task_group() as group:
            tasks = [group.create_task(rig.trunk.write_forever()), group.create_task(rig.recognition.run())]
            await passes()
            await rig.hear(silence(0.3) + tone(seconds) + silence(1.0))
            await passes()
            for task in tasks:
                task.cancel()
        (final,) = rig.finals
        assert final.text == "hello there"
        return final.unsure

    assert run_virtual(main(0.5, -0.5))
    assert not run_virtual(main(0.5, -0.1))
    assert not run_virtual(main(0.5, None))
    assert not run_virtual(main(2.0, -0.5))


def test_what_came_before_it_listens_is_heard_and_room_is_made_only_for_what_was() -> None:
    async def main() -> None:
        rig = Rig()
        pcm = silence(0.02) * WINDOW
        async with task_group() as group:
            writer = group.create_task(rig.trunk.write_forever())
            await rig.hear(pcm)
            assert (rig.lane.waiting, rig.granted) == (WINDOW, 0)
            hearing = group.create_task(rig.recognition.run())
            await passes()
            assert (rig.lane.waiting, rig.granted) == (0, WINDOW)
            hearing.cancel()
            writer.cancel()

    run_virtual(main())


@pytest.mark.parametrize("wrong", [{"audio": b"\0"}, {"config": pb.ListenConfig()}])
def test_what_cannot_be_heard_ends_the_lane_and_nothing_after_it_is_heard(wrong: dict[str, Any]) -> None:
    async def main() -> None:
        rig = Rig()
        hearing = asyncio.create_task(rig.recognition.run())
        await passes()
        rig.come(**wrong)
        rig.come(audio=tone(1.0))
        with pytest.raises(InvalidArgument):
            await hearing
        rig.come(audio=tone(1.0))
        assert rig.lane.unsent == 0

    run_virtual(main())


def test_an_engine_that_fails_ends_the_lane_and_nothing_after_it_is_heard() -> None:
    async def main() -> None:
        rig = Rig()
        rig.stream.fails = True
        hearing = asyncio.create_task(rig.recognition.run())
        await passes()
        rig.come(audio=tone(1.0))
        rig.stream.goes.set()
        with pytest.raises(InternalFault):
            await hearing
        said = rig.lane.unsent
        rig.come(audio=silence(1.0))
        assert rig.lane.unsent == said

    run_virtual(main())


def test_an_engine_that_falls_far_behind_fails_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_JOBS", 20)

    async def main() -> None:
        rig = Rig()
        hearing = asyncio.create_task(rig.recognition.run())
        await passes()
        rig.come(audio=tone(2.0))
        with pytest.raises(Overflow, match="behind"):
            await hearing

    run_virtual(main())

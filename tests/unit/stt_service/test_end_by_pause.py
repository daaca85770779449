"""A pause that the engine predicts may end a turn: whose, when, and with which engine."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.faults import InvalidArgument, Unsupported
from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from chassis.settings import changed
from engine_room.engines import EngineInfo
from protos.parley.v1 import stt_pb2 as pb
from protos.parley.v1.common_pb2 import LaneClose, LaneControl
from stt_service.engine import PAUSES, Hypothesis, Pause, SttOutput
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.noise import NoiseFilter, NoiseSettings
from stt_service.gate.vad import EnergyVad
from stt_service.service import WIRE, Recognition
from stt_service.settings import SttSettings
from stt_service.tuning import choose_end
from tests.support.spoken import silence, tone
from tests.support.virtual_time import run_virtual

MUTE = EngineInfo(name="mute", model="tiny", slots=1)
TELLING = EngineInfo(name="telling", model="tiny", slots=1, abilities=(PAUSES,))


UNTOLD = ("control", "partial", "voice_noticed", "voice_dismissed")


class Scripted:
    """Answers each piece of voice with what is next."""

    def __init__(self, *answers: list[SttOutput]) -> None:
        self._answers = list(answers)
        self.fed = 0

    async def feed(self, pcm: bytes) -> list[SttOutput]:  # noqa: ARG002
        self.fed += 1
        return self._answers.pop(0) if self._answers else []

    async def lull(self, begins: bool) -> None: ...

    async def finish(self) -> Hypothesis:
        return Hypothesis("hello there")

    async def reset(self) -> None: ...

    async def close(self) -> None: ...


def utterances(*answers: list[SttOutput]) -> list[str]:
    """What is told of one utterance of a second."""
    told: list[str] = []

    async def keep(message: Any) -> None:
        told.extend(kind for item in message.items if (kind := str(item.WhichOneof("body"))) not in UNTOLD)

    async def main() -> None:
        trunk: Trunk[pb.ListenEvent, pb.ListenItem] = Trunk(WIRE, keep, tick_s=0)
        lane = Lane(trunk, 1, "session", 0, send=64, window=512)
        trunk.add(lane)
        gate = SpeechGate(EnergyVad(), GateSettings())
        noise = NoiseFilter(NoiseSettings())
        recognition = Recognition(lane, gate, noise, Scripted(*answers), TELLING, semantic=True)
        writer = asyncio.create_task(trunk.write_forever())
        hearing = asyncio.create_task(recognition.run())
        pcm = silence(0.3) + tone(1.0) + silence(1.0)
        for start in range(0, len(pcm), 640):
            trunk.deliver(pb.ListenItem(lane=1, audio=pcm[start : start + 640]))
            await asyncio.sleep(0.02)
        trunk.deliver(pb.ListenItem(lane=1, control=LaneControl(close=LaneClose())))
        await hearing
        writer.cancel()

    run_virtual(main())
    return told


def test_a_pause_before_any_word_does_not_cut_the_utterance_in_two() -> None:
    assert utterances([Pause(0.9)], [], [Pause(0.9)]) == [
        "speech_started",
        "pause",
        "pause",
        "speech_stopped",
        "final",
    ]


def test_a_pause_after_a_word_ends_the_turn_before_the_silence_does() -> None:
    told = utterances([Hypothesis("hello")], [], [Pause(0.9)])
    assert told[:4] == ["speech_started", "pause", "speech_stopped", "final"]


def test_what_is_hardly_a_pause_is_not_told() -> None:
    told = utterances([Hypothesis("hello")], [Pause(0.59)], [Pause(0.1)])
    assert told == ["speech_started", "speech_stopped", "final"]


def test_an_empty_guess_is_no_word() -> None:
    assert utterances([Hypothesis("")], [Pause(0.9)]).count("final") == 1


def test_a_lane_that_asks_for_what_is_not_predicted_is_refused() -> None:
    settings = SttSettings()
    asking = pb.ListenConfig(end_of_turn="semantic")
    assert choose_end(settings, asking, TELLING) == "semantic"
    with pytest.raises(Unsupported, match="mute with tiny does not: say silence"):
        choose_end(settings, asking, MUTE)
    with pytest.raises(InvalidArgument, match="silence, semantic, smart_turn, manual, not 'maybe'"):
        choose_end(settings, pb.ListenConfig(end_of_turn="maybe"), TELLING)


def test_what_nobody_asked_for_is_not_missed() -> None:
    assert choose_end(SttSettings(), pb.ListenConfig(), MUTE) == "semantic"
    assert choose_end(SttSettings(), pb.ListenConfig(end_of_turn="silence"), TELLING) == "silence"


@pytest.mark.parametrize(
    "chosen", [{"stt_engine": "whisper"}, {"stt_engine": "moshi", "asr_model_name": "kyutai/stt-2.6b-en"}]
)
def test_an_engine_that_never_predicts_pauses_is_refused_for_them_at_the_start(
    chosen: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError, match="say STT_END_OF_TURN=silence, or nothing"):
        SttSettings.model_validate({**chosen, "stt_end_of_turn": "semantic"})
    settings = SttSettings.model_validate(chosen)
    assert not settings.wants_pauses
    assert not changed(settings, {"STT_SLOTS": "3"}, {"stt_slots"}).wants_pauses, "nor with another model"


def test_pauses_that_were_asked_for_are_wanted_of_the_model() -> None:
    assert SttSettings(stt_engine="moshi", stt_end_of_turn="semantic").wants_pauses

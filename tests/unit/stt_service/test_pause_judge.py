"""What an answer about a pause does to the turn, and what it does when it comes late, or never."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from engine_room.engines import EngineInfo
from protos.parley.v1 import stt_pb2 as pb
from protos.parley.v1.common_pb2 import LaneClose, LaneControl
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, SttOutput
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.noise import NoiseFilter, NoiseSettings
from stt_service.gate.outputs import Lull
from stt_service.gate.vad import EnergyVad
from stt_service.service import WIRE, Recognition
from stt_service.settings import SttSettings
from stt_service.tuning import gate_settings
from stt_service.turn_end.pause_judge import PauseJudge
from stt_service.utterance_spans import UtteranceSpans
from tests.support.spoken import silence, tone
from tests.support.virtual_time import run_virtual

PATIENT_MS = 1500
ONE_SECOND = silence(0.3) + tone(1.0)
"""Speech that ends at 1.3 s."""


class FakeJudge:
    """Gives its answers one by one, each after `after_s`; without any left it is silent."""

    def __init__(self, *answers: float | Exception, after_s: float = 0.05) -> None:
        self._answers, self._after_s = list(answers), after_s
        self.asked: list[bytes] = []
        self.questions: list[asyncio.Future[float]] = []
        self.over_at: list[float] = []
        """When each was answered or dropped."""

    def ask(self, pcm: bytes) -> "asyncio.Future[float]":
        question = asyncio.get_running_loop().create_future()
        self.asked.append(pcm)
        self.questions.append(question)
        question.add_done_callback(lambda _: self.over_at.append(round(asyncio.get_running_loop().time(), 2)))
        if self._answers:
            asyncio.get_running_loop().call_later(self._after_s, self._answer, question, self._answers.pop(0))
        return question

    def _answer(self, question: "asyncio.Future[float]", answer: float | Exception) -> None:
        if question.cancelled():
            return
        if isinstance(answer, Exception):
            question.set_exception(answer)
        else:
            question.set_result(answer)


class Deaf:
    """An engine that understands every utterance alike."""

    async def feed(self, pcm: bytes) -> list[SttOutput]:  # noqa: ARG002
        return []

    async def lull(self, begins: bool) -> None: ...

    async def finish(self) -> Hypothesis:
        return Hypothesis("hello there")

    async def reset(self) -> None: ...

    async def close(self) -> None: ...


Told = list[tuple[str, float]]


def talk(judge: FakeJudge | None, pcm: bytes, config: pb.ListenConfig | None = None, **last: Any) -> Told:
    """What is told of this sound and when, in seconds from its first sample; its pieces are 20 ms. An end
    of the lane comes a second after it.

    `last`: what comes behind it.
    """
    told: Told = []
    began = 0.0

    async def keep(message: Any) -> None:
        now = asyncio.get_running_loop().time() - began
        told.extend((str(item.WhichOneof("body")), round(now, 2)) for item in message.items)

    async def main() -> None:
        nonlocal began
        trunk: Trunk[pb.ListenEvent, pb.ListenItem] = Trunk(WIRE, keep, tick_s=0)
        lane = Lane(trunk, 1, "session", 0, send=64, window=512)
        trunk.add(lane)
        gate = SpeechGate(EnergyVad(), gate_settings(SttSettings(), config or pb.ListenConfig()))
        info = EngineInfo(name="deaf", model="deaf", slots=1)
        recognition = Recognition(lane, gate, NoiseFilter(NoiseSettings()), Deaf(), info)
        if judge is not None:
            recognition.ask_in_pauses(judge.ask, PATIENT_MS)
        writer = asyncio.create_task(trunk.write_forever())
        hearing = asyncio.create_task(recognition.run())
        began = asyncio.get_running_loop().time()
        for start in range(0, len(pcm), 640):
            await asyncio.sleep(0.02)
            trunk.deliver(pb.ListenItem(lane=1, audio=pcm[start : start + 640]))
        if last:
            trunk.deliver(pb.ListenItem(lane=1, **last))
        await asyncio.sleep(1)
        trunk.deliver(pb.ListenItem(lane=1, control=LaneControl(close=LaneClose())))
        try:
            await hearing
        finally:
            writer.cancel()

    run_virtual(main())
    return [(kind, at) for kind, at in told if kind.startswith("speech")]


def stops(told: Told) -> list[float]:
    return [at for kind, at in told if kind == "speech_stopped"]


def test_a_turn_that_sounds_finished_ends_when_the_answer_comes() -> None:
    judge = FakeJudge(0.9, after_s=0.05)
    assert stops(talk(judge, ONE_SECOND + silence(1.0))) == [1.55]
    assert stops(talk(None, ONE_SECOND + silence(1.0))) == [1.9], "else silence ends it"


@pytest.mark.parametrize(
    ("likely", "silent_s"),
    [(0.0, 1.5), (0.5, 1.5), (0.6, 1.14), (0.7, 0.76), (0.74, 0.6), (0.89, 0.6), (0.9, 0.25)],
)
def test_the_less_a_turn_sounds_finished_the_longer_is_waited(likely: float, silent_s: float) -> None:
    """A window of the gate is 20 ms."""
    told = talk(FakeJudge(likely), ONE_SECOND + silence(2.0))
    assert stops(told) == [pytest.approx(1.3 + silent_s)]


def test_who_goes_on_after_such_a_pause_is_in_the_same_turn_and_the_next_pause_is_another() -> None:
    """Of that one nothing is known: the usual silence ends it."""
    judge = FakeJudge(0.1)
    told = talk(judge, ONE_SECOND + silence(1.2) + tone(0.5) + silence(1.0))
    assert told == [("speech_started", 0.5), ("speech_stopped", 3.6)]
    assert len(judge.asked) == 2


def test_a_pause_is_asked_about_once_and_with_all_that_was_said() -> None:
    judge = FakeJudge(0.1, 0.1)
    pcm = ONE_SECOND + silence(0.3) + tone(0.5) + silence(1.3)
    talk(judge, pcm)
    first, second = judge.asked
    assert first == pcm[: 2 * round(1.5 * HEARD_RATE)]
    assert second == pcm[: 2 * round(2.3 * HEARD_RATE)]


def test_of_a_long_turn_the_end_is_asked_about() -> None:
    judge = FakeJudge()
    talk(judge, tone(20.0) + silence(0.6))
    (asked,) = judge.asked
    seconds = len(asked) / 2 / HEARD_RATE
    assert 8 <= seconds < 8.1
    assert asked.endswith(silence(0.2))
    assert asked == (tone(20.0) + silence(0.2))[-len(asked) :]


def test_an_answer_about_a_pause_that_is_over_changes_nothing() -> None:
    judge = FakeJudge(0.9, after_s=0.2)
    told = talk(judge, ONE_SECOND + silence(0.3) + tone(0.5) + silence(1.0))
    assert stops(told) == [2.7]
    assert judge.questions[0].cancelled()


@pytest.mark.parametrize(
    "judge",
    [
        lambda: FakeJudge(),
        lambda: FakeJudge(0.9, after_s=0.45),
        lambda: FakeJudge(0.1, after_s=0.45),
        lambda: FakeJudge(RuntimeError("broken")),
    ],
)
def test_without_an_answer_in_time_silence_ends_the_turn_when_it_always_does(
    judge: Callable[[], FakeJudge],
) -> None:
    asked = judge()
    assert stops(talk(asked, ONE_SECOND + silence(1.0))) == [1.9]
    assert asked.over_at[0] <= 1.9, "nobody waits for it"


def test_a_lane_that_waits_longer_anyway_waits_no_less() -> None:
    config = pb.ListenConfig(end_trigger_ms=2000)
    assert stops(talk(FakeJudge(0.1), ONE_SECOND + silence(2.5), config)) == [3.3]


@pytest.mark.parametrize(
    ("last", "over_at"), [({"reset": pb.Reset()}, 1.6), ({"flush": pb.Flush()}, 1.6), ({}, 2.6)]
)
def test_nobody_is_asked_on_behalf_of_who_is_not_there(last: dict[str, Any], over_at: float) -> None:
    judge = FakeJudge()
    talk(judge, ONE_SECOND + silence(0.3), **last)
    (question,) = judge.questions
    assert question.cancelled()
    assert judge.over_at == [over_at]


@pytest.mark.parametrize(("after_s", "heard_s"), [(2.0, 0.4 + 0.7 + 0.2), (1.0, 1.64 + 0.4 + 0.7 + 0.2)])
def test_the_next_turn_is_asked_about_alone_unless_it_comes_so_soon_that_it_may_be_the_same(
    after_s: float, heard_s: float
) -> None:
    judge = FakeJudge(0.9, 0.9)
    talk(judge, silence(3.0) + ONE_SECOND + silence(after_s) + tone(0.7) + silence(0.5))
    assert len(judge.asked[1]) / 2 / HEARD_RATE == pytest.approx(heard_s)


def test_what_was_forgotten_is_no_part_of_what_comes_soon_after() -> None:
    judge = FakeJudge()
    gate = SpeechGate(EnergyVad(), GateSettings())

    async def main() -> None:
        pauses = PauseJudge(judge.ask, gate, PATIENT_MS, lambda: None)
        for output in gate.feed(tone(9.0)):
            pauses.follow(output)
        gate.reset()
        pauses.forget()
        for output in gate.feed(silence(0.1) + tone(0.3) + silence(0.2)):
            pauses.follow(output)

    run_virtual(main())
    assert judge.asked == [silence(0.1) + tone(0.3) + silence(0.2)]


def test_who_speaks_again_just_when_the_answer_has_come_is_not_cut_off() -> None:
    finished: list[bool] = []

    async def main() -> None:
        judge = FakeJudge()
        gate = SpeechGate(EnergyVad(), GateSettings())
        pauses = PauseJudge(judge.ask, gate, PATIENT_MS, lambda: finished.append(True))
        pauses.follow(Lull(begins=True))
        judge.questions[0].set_result(1.0)
        pauses.follow(Lull(begins=False))
        await asyncio.sleep(0)

    run_virtual(main())
    assert finished == []


def test_a_model_that_fails_is_said_in_the_log() -> None:
    with capture_logs() as logged:
        talk(FakeJudge(RuntimeError("what was said")), ONE_SECOND + silence(0.5))
    assert logged == [
        {"event": "the end of a turn could not be judged", "error": "RuntimeError", "log_level": "error"}
    ]


def test_no_pause_makes_an_utterance_longer_than_it_may_be() -> None:
    judge = FakeJudge(*[0.1] * 99)
    told = talk(judge, (tone(0.5) + silence(1.0)) * 50)
    assert stops(told)[0] == pytest.approx(60, abs=0.05)


def test_what_cannot_be_done_about_an_answer_breaks_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(UtteranceSpans, "mark", fail)
    with pytest.raises(ZeroDivisionError):
        talk(FakeJudge(0.9), ONE_SECOND + silence(0.5))


def test_where_the_user_says_when_no_silence_ends_a_turn() -> None:
    config = pb.ListenConfig(end_of_turn="manual")
    pcm = ONE_SECOND + silence(5.0) + tone(0.5) + silence(5.0)
    assert stops(talk(None, pcm, config)) == []
    told = talk(None, pcm, config, flush=pb.Flush())
    assert [kind for kind, _ in told] == ["speech_started", "speech_stopped"]

"""Turns as the gate finds them, on audio time: an answer comes as much later as it took the processor."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protos.sound import HEARD_RATE
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.outputs import GateOutput, Lull, Stopped
from stt_service.gate.vad import make_vad
from stt_service.turn_end.pause_judge import PauseJudge
from stt_service.turn_end.turn_ends import Model
from tests.load.turn_ends.scenes import Scene

FRAME_BYTES = HEARD_RATE // 50 * 2
NEVER_MS = 20_000
ON_THE_WAY_MS = 15
"""What a question waits besides, at most: until the room's tick is over, and for a thread."""


@dataclass
class Ends:
    """`cut_off`: pauses within turns that were taken for their ends. `delays_ms`: from the last voiced sample
    of each turn to its end being noticed. `cpu_ms`: of each question to the model.
    """

    pauses: int = 0
    cut_off: int = 0
    delays_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, several: Iterable["Ends"]) -> "Ends":
        whole = cls()
        for ends in several:
            whole.pauses += ends.pauses
            whole.cut_off += ends.cut_off
            whole.delays_ms += ends.delays_ms
            whole.cpu_ms += ends.cpu_ms
        return whole


class TimedJudge:
    """The model, whose answers come at the audio time at which they would."""

    def __init__(self, model: Model, cpu_ms: list[float]) -> None:
        self._model, self._cpu_ms = model, cpu_ms
        self._due: list[tuple[float, float, asyncio.Future[float]]] = []
        self.now_ms = 0.0

    def ask(self, pcm: bytes) -> "asyncio.Future[float]":
        began = time.thread_time()
        likely = self._model.finished(pcm)
        took_ms = (time.thread_time() - began) * 1000
        self._cpu_ms.append(took_ms)
        answer = asyncio.get_running_loop().create_future()
        self._due.append((self.now_ms + ON_THE_WAY_MS + took_ms, likely, answer))
        return answer

    async def go_on(self, now_ms: float) -> None:
        self.now_ms = now_ms
        for due_ms, likely, answer in self._due:
            if due_ms <= now_ms and not answer.done():
                answer.set_result(likely)
        self._due = [asked for asked in self._due if not asked[2].done()]
        await asyncio.sleep(0)


def _pauses_in(scene: Scene) -> int:
    """Silences within it of which a gate says that they may be its end."""
    gate = SpeechGate(make_vad("silero"), GateSettings(end_trigger_ms=NEVER_MS))
    return sum(isinstance(output, Lull) and not output.begins for output in gate.feed(scene.pcm))


async def hear_all(
    scenes: Sequence[Scene], end_ms: int, model: Model | None = None, patient_ms: int = 0
) -> Ends:
    found = Ends()
    for scene in scenes:
        judge = None if model is None else TimedJudge(model, found.cpu_ms)
        *too_soon, delay_ms = await _hear(scene, end_ms, judge, patient_ms)
        found.pauses += _pauses_in(scene)
        found.cut_off += len(too_soon)
        found.delays_ms.append(delay_ms)
    return found


async def _hear(scene: Scene, end_ms: int, judge: TimedJudge | None, patient_ms: int) -> list[float]:
    """How long after each end of speech it was noticed that the turn had ended, in ms."""
    gate = SpeechGate(make_vad("silero"), GateSettings(end_trigger_ms=end_ms))
    stops: list[float] = []
    now_ms = 0.0

    def route(outputs: list[GateOutput]) -> None:
        for output in outputs:
            if pauses is not None:
                pauses.follow(output)
            if isinstance(output, Stopped):
                stops.append(now_ms - output.sample * 1000 / HEARD_RATE)

    def finish() -> None:
        route(gate.flush("smart_turn"))

    pauses = None if judge is None else PauseJudge(judge.ask, gate, patient_ms, finish)
    for begin in range(0, len(scene.pcm), FRAME_BYTES):
        now_ms = (begin + FRAME_BYTES) / 2 * 1000 / HEARD_RATE
        if judge is not None:
            await judge.go_on(now_ms)
        route(gate.feed(scene.pcm[begin : begin + FRAME_BYTES]))
    assert stops, f"nothing was heard of {scene.what!r}"
    return stops

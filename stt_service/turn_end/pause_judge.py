"""Whether a pause ends the turn: asked once for each pause of one lane, of a model that hears what was said.

It never waits: an answer that comes when the pause is over changes nothing, and until one comes silence goes
on ending turns as it does without.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from chassis.logs import get_logger
from protos.sound import HEARD_RATE
from stt_service.gate.gate import SAMPLE_BYTES, SpeechGate
from stt_service.gate.outputs import GateOutput, Lull, Started, Stopped, Voice
from stt_service.turn_end.log_mel import SAMPLES

log = get_logger(__name__)
SURE = 0.9
"""From here on the turn has ended. At 0.5, the border of the model's authors, twice as many were cut off."""
OPEN = 0.5
"""Up to here more is to come. In between, the less sure it is the longer the speaker may be silent: "okay"
does not sound quite finished, and nobody wants to be waited for after it.
"""
HEARD_BYTES = SAMPLES * SAMPLE_BYTES
"""What the model hears."""
SOON_SAMPLES = HEARD_RATE
"""Who speaks again so soon after the end of what was heard had perhaps not finished: it is heard together."""
Ask = Callable[[bytes], "asyncio.Future[float]"]
"""How likely who said this has finished, 0 to 1. Cancelled where it matters to nobody any more."""


class PauseJudge:
    """`finish` ends the utterance; it may not raise. Who has not finished may be silent for `patient_ms`,
    where that is more than the gate waits anyway. Used on the event loop alone.
    """

    def __init__(self, ask: Ask, gate: SpeechGate, patient_ms: int, finish: Callable[[], None]) -> None:
        self._ask, self._gate, self._patient_ms, self._finish = ask, gate, patient_ms, finish
        self._heard, self._heard_bytes, self._heard_until = deque[bytes](), 0, 0
        self._question: asyncio.Future[float] | None = None

    def follow(self, output: GateOutput) -> None:
        """Told all that the gate finds, in its order."""
        match output:
            case Voice(pcm=pcm):
                self._keep(pcm)
            case Lull(begins=True):
                self._question = self._ask(b"".join(self._heard))
                self._question.add_done_callback(self._take)
            case Lull() | Stopped():
                self._drop_question()
            case Started(audio_sample=sample):
                if sample - self._heard_until > SOON_SAMPLES:
                    self.forget()
                self._heard_until = sample

    def forget(self) -> None:
        """What was heard is nobody's any more."""
        self._drop_question()
        self._heard.clear()
        self._heard_bytes = 0

    def _keep(self, pcm: bytes) -> None:
        self._heard.append(pcm)
        self._heard_bytes += len(pcm)
        self._heard_until += len(pcm) // SAMPLE_BYTES
        while self._heard_bytes - len(self._heard[0]) >= HEARD_BYTES:
            self._heard_bytes -= len(self._heard.popleft())

    def _drop_question(self) -> None:
        question, self._question = self._question, None
        if question is not None:
            question.cancel()

    def _take(self, question: "asyncio.Future[float]") -> None:
        if question is not self._question or question.cancelled():
            return
        self._question = None
        if (error := question.exception()) is not None:
            log.error("the end of a turn could not be judged", error=type(error).__name__)
        elif (likely := question.result()) >= SURE:
            self._finish()
        else:
            self._gate.bear(round(self._patient_ms * min(1, (SURE - likely) / (SURE - OPEN))))

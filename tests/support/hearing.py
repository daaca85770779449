"""An ear as a session has it: the gate with its real detector, and the engine behind it."""

import asyncio
import time

from stt_service.engine import SttStream
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.noise import NoiseFilter, NoiseSettings
from stt_service.gate.outputs import Lull, Stopped, Voice
from stt_service.gate.vad import make_vad
from stt_service.transcripts import clean
from tests.support.client import FRAME_BYTES, FRAME_S

FAST = 50
"""Times as fast as people speak: what is begun in a lull has time to be begun."""


class Hearing:
    def __init__(self, stream: SttStream) -> None:
        self._stream = stream
        self._gate = SpeechGate(make_vad("silero"), GateSettings())
        self._noise = NoiseFilter(NoiseSettings())

    async def hear(self, pcm: bytes, speed: float = FAST) -> list[str]:
        """The transcripts that a session gets of this sound; the silence that ends a turn belongs to it."""
        understood: list[str] = []
        due = time.monotonic()
        for begin in range(0, len(pcm), FRAME_BYTES):
            for output in self._gate.feed(pcm[begin : begin + FRAME_BYTES]):
                match output:
                    case Voice():
                        await self._stream.feed(output.pcm)
                    case Lull():
                        await self._stream.lull(output.begins)
                    case Stopped():
                        understood += await self._finish(output)
            due += FRAME_S / speed
            await asyncio.sleep(max(0, due - time.monotonic()))
        return understood

    async def _finish(self, stopped: Stopped) -> list[str]:
        text = clean((await self._stream.finish()).text)
        dropped = self._noise.why_dropped(text, stopped.duration_ms / 1000, stopped.rms)
        return [text] if text and not dropped else []

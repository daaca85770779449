"""An engine that hears what it was told to hear, for tests and load only. It must never serve a person.

Its text scripts it: the word `hang` makes `finish` never answer, `fail` makes it fail, and `rubbish:nan`
makes it answer what a broken engine writes.
"""

import asyncio

from chassis.faults import InternalFault, NoSlot, NotReady
from engine_room.engines import EngineInfo
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, SttOutput, SttStream

WORD_MS = 300
WORD_SAMPLES = WORD_MS * HEARD_RATE // 1000
RUBBISH = "\x00\x07NaN\x1b[31m\r\n\u202e" + "nan " * 25_600


class FakeStream:
    """Partials show one more word for every 300 ms of audio; in a lull all that were shown are the whole."""

    def __init__(self, engine: "FakeEngine") -> None:
        self._engine = engine
        self._samples = 0
        self._shown_words = 0
        self._paused = self._closed = False

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        if self._closed:
            raise NotReady("this stream is closed; open another")
        self._samples += len(pcm) // 2
        words = self._engine.text.split()
        known_words = min(len(words), self._samples // WORD_SAMPLES)
        paused, self._paused = self._paused, False
        if known_words <= self._shown_words and not (paused and known_words):
            return []
        self._shown_words = known_words
        return [Hypothesis(" ".join(words[:known_words]), whole=paused)]

    async def lull(self, begins: bool) -> None:
        """Its final takes as long as it was told."""
        self._paused = begins

    async def finish(self) -> Hypothesis:
        heard = self._samples > 0
        await self.reset()
        words = self._engine.text.split()
        if "hang" in words:
            await asyncio.Event().wait()
        await asyncio.sleep(self._engine.final_s)
        if "fail" in words:
            raise InternalFault("the fake engine was told to fail")
        if not heard:
            return Hypothesis("")
        return Hypothesis(RUBBISH if "rubbish:nan" in words else self._engine.text)

    async def reset(self) -> None:
        self._samples = self._shown_words = 0
        self._paused = False

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._engine.running -= 1


class FakeEngine:
    """`text` is every utterance's transcript, `final_s` after it ended; `running` counts open streams."""

    def __init__(self, text: str = "hello there", final_s: float = 0.08, slots: int = 256) -> None:
        self.text = text
        self.final_s = final_s
        self.running = 0
        self._slots = slots
        self._loaded = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="fake", model="fake", slots=self._slots, sample_rate=HEARD_RATE)

    async def load(self) -> None:
        self._loaded = True

    async def unload(self) -> None:
        self._loaded = False

    def open(self, options: ListenOptions) -> SttStream:  # noqa: ARG002
        if not self._loaded:
            raise NotReady("the fake engine is not loaded")
        if self.running >= self._slots:
            raise NoSlot(f"all {self._slots} places of the fake engine are taken; try again soon")
        self.running += 1
        return FakeStream(self)

"""One lane's utterances in a slot of Kyutai's recogniser: frames in, words and pauses out."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from prometheus_client import Counter

from chassis.deadlines import within
from chassis.faults import NotReady, Overflow, Unavailable
from chassis.logs import get_logger
from chassis.metrics import REGISTRY
from stt_service.engine import Hypothesis, Pause, SttOutput
from stt_service.engines.moshi_frames import FRAME_S, Frame, Framer, silence
from stt_service.engines.moshi_slots import Heard, Manner, Slot
from stt_service.engines.moshi_words import WordWriter

log = get_logger(__name__)
FLUSH_FRAMES = 2
"""Pushed after the model's delay, so that its last word is whole."""
FINISH_S = 10.0
MOST_WAITING = 375
"""Frames: half a minute."""
MUTE_FRAMES = 75
"""Speech for six seconds and no word: the model has fallen silent."""
FIRST_PAUSE_FRAME = 12
"""Before it the pause prediction knows nothing yet."""
STARTED_ANEW = Counter(
    "parley_stt_mute_slots_total",
    "Slots reset because they heard speech and wrote nothing",
    registry=REGISTRY,
)


class Place(Protocol):
    """What a stream needs of the engine that holds its slot."""

    @property
    def healthy(self) -> bool: ...

    def wake(self) -> None:
        """A slot has frames."""
        ...

    def give_back(self, slot: Slot) -> None: ...


class MoshiStream:
    """One lane's slot."""

    def __init__(self, place: Place, manner: Manner, slot: Slot) -> None:
        self._place, self._manner, self._slot = place, manner, slot
        self._open, self._failed = True, False
        self._pushed = self._answered = self._mute = 0
        self._outputs: list[SttOutput] = []
        self._done: asyncio.Future[None] | None = None
        self._begin()

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        self._check()
        self._push(self._framer.feed(pcm))
        outputs, self._outputs = self._outputs, []
        return outputs

    async def lull(self, begins: bool) -> None:
        """It has heard everything all along."""

    async def finish(self) -> Hypothesis:
        self._check()
        try:
            return await self._finish()
        finally:
            self._begin()

    async def _finish(self) -> Hypothesis:
        frames = self._framer.finish()
        if not frames and not self._pushed:
            return Hypothesis("")
        self._push([*frames, *(silence() for _ in range(self._manner.delay_frames + FLUSH_FRAMES))])
        self._done = asyncio.get_running_loop().create_future()
        self._slot.hurried = True
        self._place.wake()
        if self._answered < self._pushed:
            async with within(FINISH_S, "the recogniser's last words"):
                await self._done
        return self._words.heard

    async def reset(self) -> None:
        self._begin()

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._slot.begin()
            self._place.give_back(self._slot)

    def take(self, utterance: int, heard: Heard) -> None:
        """What a frame of `utterance` made the model write."""
        if utterance != self._utterance:
            return
        self._answered += 1
        changed = self._words.take(heard.token)
        if changed:
            self._mute = 0
            self._outputs = [output for output in self._outputs if isinstance(output, Pause)]
            self._outputs.append(self._words.heard)
        else:
            self._watch()
        if heard.pause is not None and self._answered > self._known_from:
            self._outputs = [output for output in self._outputs if not isinstance(output, Pause)]
            self._outputs.append(Pause(heard.pause))
        if self._done is not None and self._answered >= self._pushed and not self._done.done():
            self._done.set_result(None)

    def fail(self) -> None:
        """The model is gone, and this stream with it, whatever is loaded next."""
        self._failed = True
        if self._done is not None and not self._done.done():
            self._done.set_exception(Unavailable("the recogniser failed; say it again"))

    def _begin(self) -> None:
        """A fresh utterance, in a slot that knows nothing of the one before."""
        self._utterance = self._slot.begin()
        self._framer = Framer()
        self._words = WordWriter(self._manner.tokenizer, self._manner.lead_frames + self._manner.delay_frames)
        self._outputs = []
        self._pushed = self._answered = self._mute = 0
        self._known_from = FIRST_PAUSE_FRAME
        self._done = None

    def _push(self, frames: Sequence[Frame]) -> None:
        if not frames:
            return
        if not self._pushed:
            frames = [*(silence() for _ in range(self._manner.lead_frames)), *frames]
        if len(self._slot.frames) > MOST_WAITING:
            raise Overflow("the recogniser fell half a minute behind the speech")
        self._pushed += len(frames)
        self._slot.frames.extend((self._utterance, frame) for frame in frames)
        self._place.wake()

    def _watch(self) -> None:
        """Kyutai's small model sometimes falls silent for long: it is begun anew where it is."""
        self._mute += 1
        # What is heard now is written so much later.
        late = self._manner.lead_frames + self._manner.delay_frames
        if self._mute < MUTE_FRAMES + late or self._done is not None:
            return
        STARTED_ANEW.inc()
        log.warning("recogniser heard speech and wrote nothing", seconds=round(MUTE_FRAMES * FRAME_S, 1))
        self._mute = 0
        self._known_from = self._answered + FIRST_PAUSE_FRAME
        self._slot.restarts += 1

    def _check(self) -> None:
        if not self._open:
            raise NotReady("this stream is closed; open another")
        if self._failed or not self._place.healthy:
            raise Unavailable("the recogniser failed; say it again")

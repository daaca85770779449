"""One lane's utterances in Kyutai's recogniser: frames in, words and pauses out.

A stream has a slot only while it has an utterance, for people are silent most of the time. Where none is free
what is said is kept, and heard when one is: soon, or the stream says that it cannot.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from prometheus_client import Counter

from chassis.deadlines import within
from chassis.faults import Fault, NoSlot, NotReady, Overflow, Unavailable
from chassis.logs import get_logger
from chassis.metrics import REGISTRY
from stt_service.engine import Hypothesis, Pause, SttOutput
from stt_service.engines.moshi_frames import FRAME_S, Frame, Framer, silence
from stt_service.engines.moshi_slots import Manner, Slot
from stt_service.engines.moshi_words import WordWriter

log = get_logger(__name__)
FLUSH_FRAMES = 2
"""Pushed after the model's delay, so that its last word is whole."""
FINISH_S = 10.0
WAIT_S = 3.0
"""So long an utterance waits for a slot: about as long as others last."""
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
WAITED = Counter(
    "parley_stt_waits_total",
    "Utterances that found no slot free and waited for one",
    registry=REGISTRY,
)


class Place(Protocol):
    """What a stream needs of the engine that has the slots."""

    @property
    def healthy(self) -> bool: ...

    def wake(self) -> None:
        """A slot has frames."""
        ...

    def ask(self, stream: "MoshiStream") -> None:
        """`enter` is called with a slot: at once, or when one is free and it is this stream's turn."""
        ...

    def give_back(self, stream: "MoshiStream", slot: Slot | None) -> None:
        """None: it waits no more."""
        ...

    def leave(self, stream: "MoshiStream") -> None:
        """It is closed."""
        ...


class MoshiStream:
    def __init__(self, place: Place, manner: Manner) -> None:
        self._place, self._manner = place, manner
        self._open, self._failed = True, False
        self._slot: Slot | None = None
        self._pause: float | None = None
        self._waits: asyncio.TimerHandle | None = None
        self._refused: Fault | None = None
        self._done: asyncio.Future[None] | None = None
        self._begin()

    def _begin(self) -> None:
        """A fresh utterance, without a slot."""
        self._slot = self._pause = self._waits = self._refused = self._done = None
        self._utterance = 0
        self._kept: list[Frame] = []
        self._framer = Framer()
        self._words = WordWriter(self._manner.tokenizer, self._manner.delay_frames)
        self._changed = False
        self._pushed = self._answered = self._mute = 0
        self._known_from = FIRST_PAUSE_FRAME

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        self._check()
        self._push(self._framer.feed(pcm))
        outputs: list[SttOutput] = []
        if self._changed:
            self._changed = False
            outputs.append(self._words.heard)
        if self._pause is not None:
            outputs.append(Pause(self._pause))
            self._pause = None
        return outputs

    async def lull(self, begins: bool) -> None:
        """It has heard everything all along."""

    async def finish(self) -> Hypothesis:
        self._check()
        try:
            return await self._finish()
        finally:
            self._forget()

    async def _finish(self) -> Hypothesis:
        frames = self._framer.finish()
        if not frames and not self._pushed:
            return Hypothesis("")
        self._push([*frames, *(silence() for _ in range(self._manner.delay_frames + FLUSH_FRAMES))])
        self._done = asyncio.get_running_loop().create_future()
        self._hurry()
        if self._answered < self._pushed:
            async with within(WAIT_S + FINISH_S, "the recogniser's last words"):
                await self._done
        return self._words.heard

    async def reset(self) -> None:
        self._forget()

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._forget()
            self._place.leave(self)

    def enter(self, slot: Slot) -> None:
        """The utterance has a slot now: what was kept of it goes there."""
        self._stop_waiting()
        self._slot, self._utterance = slot, slot.begin()
        slot.frames.extend((self._utterance, frame) for frame in self._kept)
        self._kept.clear()
        if self._done is not None:
            self._hurry()
        self._place.wake()

    def take(self, utterance: int, token: int, pause: float | None) -> None:
        """What a frame of `utterance` made the model write."""
        if self._slot is None or utterance != self._utterance:
            return
        self._answered += 1
        if self._words.take(token):
            self._mute = 0
            self._changed = True
        else:
            self._watch(self._slot)
        if pause is not None and self._answered > self._known_from:
            self._pause = pause
        if self._done is not None and self._answered >= self._pushed and not self._done.done():
            self._done.set_result(None)

    def fail(self) -> None:
        """The model is gone, and this stream with it, whatever is loaded next."""
        self._failed = True
        self._stop_waiting()
        self._refuse(Unavailable("the recogniser failed; say it again"))

    def _forget(self) -> None:
        """The utterance is over: its slot is free."""
        slot, waited = self._slot, self._waits is not None
        self._stop_waiting()
        self._begin()
        if slot is not None or waited:
            self._place.give_back(self, slot)

    def _push(self, frames: Sequence[Frame]) -> None:
        if not frames:
            return
        if self._pushed - self._answered > MOST_WAITING:
            raise Overflow("the recogniser fell half a minute behind the speech")
        is_first = not self._pushed
        self._pushed += len(frames)
        if self._slot is not None:
            self._slot.frames.extend((self._utterance, frame) for frame in frames)
            self._place.wake()
            return
        self._kept += frames
        if is_first:
            self._place.ask(self)
            if self._slot is None:
                WAITED.inc()
                self._waits = asyncio.get_running_loop().call_later(WAIT_S, self._give_up)

    def _hurry(self) -> None:
        if self._slot is not None:
            self._slot.hurried = True
            self._place.wake()

    def _give_up(self) -> None:
        self._stop_waiting()
        self._place.give_back(self, None)
        self._refuse(NoSlot(f"no place of the recogniser was free for {WAIT_S:g} s; try again soon"))

    def _refuse(self, fault: Fault) -> None:
        self._refused = fault
        if self._done is not None and not self._done.done():
            self._done.set_exception(fault)

    def _stop_waiting(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _watch(self, slot: Slot) -> None:
        """Kyutai's small model sometimes falls silent for long: it is begun anew where it is."""
        self._mute += 1
        # What is heard now is written so much later.
        if self._mute < MUTE_FRAMES + self._manner.delay_frames or self._done is not None:
            return
        STARTED_ANEW.inc()
        log.warning("recogniser heard speech and wrote nothing", seconds=round(MUTE_FRAMES * FRAME_S, 1))
        self._mute = 0
        self._known_from = self._answered + FIRST_PAUSE_FRAME
        slot.restarts += 1

    def _check(self) -> None:
        if not self._open:
            raise NotReady("this stream is closed; open another")
        if self._failed or not self._place.healthy:
            raise Unavailable("the recogniser failed; say it again")
        if self._refused is not None:
            raise self._refused

"""The slots of a batched recogniser: who is stepped when, and whose the answers are. No model library here.

All slots that have a frame are stepped together, once a tick. Whoever must catch up is stepped twice a tick,
whoever begins or finishes as fast as the model goes, and all that have a frame then come along: more than
that would keep the card busy for nobody. A slot that is given to somebody else, or begins another utterance,
is reset before its next frame and hears the silence that the model begins with: nothing of before is heard
in it.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import numpy as np
import numpy.typing as npt
from prometheus_client import Counter, Histogram

from chassis.logs import get_logger
from chassis.metrics import LATENCY_BUCKETS_S, REGISTRY
from engine_room import slot_engine
from stt_service.engines.moshi_frames import FRAME_S, Frame
from stt_service.engines.moshi_words import Tokenizer

log = get_logger(__name__)
STEP = Histogram(
    "parley_stt_step_seconds", "One step of all slots", buckets=LATENCY_BUCKETS_S, registry=REGISTRY
)
LATE = Counter("parley_stt_late_steps_total", "Steps that took longer than a frame lasts", registry=REGISTRY)
WARN_EVERY_S = 10.0
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a step made each slot write. `pauses`: how likely its speaker pauses; None: it cannot tell.

    Only those of slots that were stepped mean anything.
    """

    tokens: npt.NDArray[np.int64]
    pauses: npt.NDArray[np.float32] | None = None


class BatchModel(slot_engine.BatchModel, Protocol):
    @property
    def audio(self) -> npt.NDArray[np.float32]:
        """A row of samples for each slot, 16-bit as floats, for the caller to fill before a step."""
        ...

    @property
    def has_pauses(self) -> bool: ...

    def reset(self, slots: Mask) -> None:
        """These begin anew; the others notice nothing."""
        ...

    def step(self, slots: Mask) -> Heard:
        """A frame, from `audio`, for each of some slots; the others stay as they are."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model hears: how long after a sound its word is written, and the silence to begin with."""

    tokenizer: Tokenizer
    delay_frames: int
    prefix_frames: int

    @property
    def lead_frames(self) -> int:
        """A slot's first frame is never heard."""
        return self.prefix_frames or 1


@dataclass(frozen=True, slots=True)
class Loaded:
    model: BatchModel
    manner: Manner


@dataclass(slots=True)
class Slot:
    """One place in the batch. `utterance` tells answers of before from those of now."""

    number: int
    frames: deque[tuple[int, Frame]] = field(default_factory=deque)
    utterance: int = 0
    hurried: bool = False
    restarts: int = 0
    fresh: tuple[int, int] = (-1, 0)
    """The utterance, and its restart, that the model's state belongs to; the thread's alone."""
    lead: int = 0
    """Frames of silence that it hears first; the thread's alone."""

    def begin(self) -> int:
        """Another utterance: frames of the one before are dropped."""
        self.utterance += 1
        self.frames.clear()
        self.hurried = False
        return self.utterance


Answer = tuple[Slot, int, int, float | None]
"""The slot, the utterance, the token, and how likely a pause is."""
Deliver = Callable[[list[Answer]], None]


class SlotBoard:
    """`step` is a SlotThread's. `deliver` gets each step's answers, none for the silence that is led with."""

    def __init__(
        self, slots: int, model: BatchModel, deliver: Deliver, tick_s: float = FRAME_S, lead_frames: int = 1
    ) -> None:
        self.slots = [Slot(number) for number in range(slots)]
        self._model, self._deliver = model, deliver
        self._tick_s, self._lead_frames = tick_s, lead_frames
        self._stale, self._stepped = np.zeros((2, slots), np.bool_)
        self._began = -inf
        self._warned = 0.0

    def step(self) -> float | None:
        ready = [slot for slot in self.slots if slot.frames]
        if not ready:
            return None
        now = time.monotonic()
        if (wait_s := self._began + self._pace(ready) - now) > 0:
            return wait_s
        self._began = now
        self._step(ready)
        self._note(time.monotonic() - now)
        return 0

    def _pace(self, ready: Sequence[Slot]) -> float:
        """Seconds from one step's beginning to the next's."""
        if any(slot.hurried or slot.lead for slot in ready):
            return 0
        return self._tick_s / 2 if any(len(slot.frames) > 1 for slot in ready) else self._tick_s

    def _step(self, ready: Sequence[Slot]) -> None:
        self._stale[:] = self._stepped[:] = False
        taken = [answer for slot in ready if (answer := self._take(slot))]
        if self._stale.any():
            self._model.reset(self._stale)
        if not self._stepped.any():
            return  # all were forgotten meanwhile
        heard = self._model.step(self._stepped)
        if taken:
            tokens = heard.tokens.tolist()
            pauses = [None] * len(tokens) if heard.pauses is None else heard.pauses.tolist()
            self._deliver([(slot, said, tokens[slot.number], pauses[slot.number]) for slot, said in taken])

    def _take(self, slot: Slot) -> tuple[Slot, int] | None:
        """Fill the slot's row; who is to get the answer, if anybody."""
        try:
            utterance, _ = slot.frames[0]
            wanted = (utterance, slot.restarts)
            if slot.fresh != wanted:
                slot.fresh, slot.lead = wanted, self._lead_frames
                self._stale[slot.number] = True
            frame = None if slot.lead else self._pop(slot, utterance)
        except IndexError:
            return None  # forgotten meanwhile
        if frame is None and not slot.lead:
            return None
        self._stepped[slot.number] = True
        self._model.audio[slot.number] = 0 if frame is None else frame
        if frame is not None:
            return slot, utterance
        slot.lead -= 1
        return None

    def _pop(self, slot: Slot, utterance: int) -> Frame | None:
        """The frame that was looked at; None where another utterance has begun since. Raises IndexError."""
        popped = slot.frames.popleft()
        if popped[0] == utterance:
            return popped[1]
        slot.frames.appendleft(popped)
        return None

    def _note(self, took_s: float) -> None:
        STEP.observe(took_s)
        if took_s <= FRAME_S:
            return
        LATE.inc()
        if (now := time.monotonic()) > self._warned + WARN_EVERY_S:
            self._warned = now
            log.warning(
                "step slower than speech", took_ms=round(took_s * 1000), frame_ms=round(FRAME_S * 1000)
            )

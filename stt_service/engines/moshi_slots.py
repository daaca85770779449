"""The slots of a batched recogniser: who is stepped when, and whose the answers are. No model library here.

All slots that have a frame are stepped together, once a tick; one that has to catch up or to finish is
stepped as fast as the model goes, and whoever has a frame then comes along. A slot that is given to somebody
else, or begins another utterance, is reset before its next frame: nothing of before is heard in it.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Heard:
    """What one frame made a slot write. `pause`: how likely the speaker pauses; None: it cannot tell."""

    token: int
    pause: float | None = None


class BatchModel(slot_engine.BatchModel, Protocol):
    def reset(self, slots: Sequence[int]) -> None:
        """These begin anew; the others notice nothing."""
        ...

    def step(self, frames: Mapping[int, Frame]) -> Mapping[int, Heard]:
        """One frame for each of some slots; the others stay as they are."""
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

    def begin(self) -> int:
        """Another utterance: frames of the one before are dropped."""
        self.utterance += 1
        self.frames.clear()
        self.hurried = False
        return self.utterance


Deliver = Callable[[list[tuple[Slot, int, Heard]]], None]


class SlotBoard:
    """`step` is a SlotThread's. `deliver` gets each step's answers: slot, utterance, what was heard."""

    def __init__(self, slots: int, model: BatchModel, deliver: Deliver, tick_s: float = FRAME_S) -> None:
        self.slots = [Slot(number) for number in range(slots)]
        self._model, self._deliver, self._tick_s = model, deliver, tick_s
        self._next = 0.0
        self._warned = 0.0

    def step(self) -> float | None:
        ready = [slot for slot in self.slots if slot.frames]
        if not ready:
            return None
        now = time.monotonic()
        if now < self._next and not any(slot.hurried or len(slot.frames) > 1 for slot in ready):
            return self._next - now
        self._next = now + self._tick_s
        self._step(ready)
        self._note(time.monotonic() - now)
        return 0

    def _step(self, ready: Sequence[Slot]) -> None:
        taken = []
        for slot in ready:
            try:
                taken.append((slot, *slot.frames.popleft()))
            except IndexError:
                continue  # forgotten meanwhile
        wanted = {slot.number: (utterance, slot.restarts) for slot, utterance, _ in taken}
        stale = [slot.number for slot, _, _ in taken if slot.fresh != wanted[slot.number]]
        if stale:
            self._model.reset(stale)
        for slot, _, _ in taken:
            slot.fresh = wanted[slot.number]
        heard = self._model.step({slot.number: frame for slot, _, frame in taken})
        self._deliver([(slot, utterance, heard[slot.number]) for slot, utterance, _ in taken])

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

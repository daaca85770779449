"""The slots of a batched voice: who is stepped when, and whose the sound is. No model library here.

A slot steps when the model has words enough to look ahead in, or knows that no more come, and while little of
its sound waits to be taken. A step costs the same for one slot as for all, but little while it makes no
sound: slots before their delay step alone, as long as nobody who is heard needs the next frame by then.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from prometheus_client import Counter, Histogram

from chassis.logs import get_logger
from chassis.metrics import LATENCY_BUCKETS_S, REGISTRY
from engine_room import slot_engine

log = get_logger(__name__)
STEP = Histogram(
    "parley_tts_step_seconds", "One step of all slots", buckets=LATENCY_BUCKETS_S, registry=REGISTRY
)
LATE = Counter("parley_tts_late_steps_total", "Steps that took longer than a frame lasts", registry=REGISTRY)
FRAME_S = 0.08
MOST_WAITING = 8
"""Frames made and not yet taken: two thirds of a second."""
TICK_S = 0.04
EASE_S = 3 * FRAME_S
"""So far ahead of real time, a reply needs no haste."""
CAUTION = 1.5
"""Steps may take so much longer than lately before anybody's sound breaks off."""
INTERLEAVED = 2
"""Steps of early slots alone before each of those that are nearly heard; Kyutai's own server has as many."""
FORGET = 0.9
"""What a step took lately: its longest, a tenth less with each."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a slot speaks. `voice` is the model's own."""

    voice: Any
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one step made of a slot. `pcm`: 80 ms of 16-bit samples, empty before the first sound.

    `words` begin in this frame; after `ended` nothing more comes.
    """

    pcm: bytes = b""
    words: tuple[str, ...] = ()
    ended: bool = False
    failed: str = ""
    """Why this reply cannot be spoken; nothing more comes."""


class BatchModel(slot_engine.BatchModel, Protocol):
    def begin(self, slot: int, manner: Manner) -> None:
        """The slot forgets everything and takes this manner."""
        ...

    def add(self, slot: int, word: str) -> None: ...

    def end(self, slot: int) -> None:
        """No more words come."""
        ...

    def can_step(self, slot: int) -> bool:
        """Whether it has words enough to look ahead in, or none come any more."""
        ...

    def is_early(self, slot: int) -> bool:
        """Whether its next step makes no sound yet: a step of only such slots is cheap."""
        ...

    def step(self, slots: Sequence[int]) -> Mapping[int, Spoken]:
        """One step of some slots; the others stay as they are."""
        ...


@dataclass(slots=True)
class Slot:
    """One place in the batch. `reply` tells sound of before from that of now; 0: nobody speaks."""

    number: int
    reply: int = 0
    manner: Manner | None = None
    words: deque[str | None] = field(default_factory=deque)
    """Not yet given to the model; None: no more come."""
    made: int = 0
    taken: int = 0
    """Frames; the first is counted by the model's thread alone, the second by the loop's."""
    begun: int = 0
    """The reply that the model's state belongs to."""
    due: float = 0.0
    """When its next frame must be there for the sound to go on; 0: nothing is heard of it yet."""
    ended: int = 0
    """The last reply that the model has spoken to its end."""

    @property
    def waiting(self) -> int:
        return self.made - self.taken


Deliver = Callable[[list[tuple[Slot, int, Spoken]]], None]


class SlotBoard:
    """`step` is a SlotThread's. `deliver` gets each step's sound: slot, reply, what was made."""

    def __init__(
        self,
        slots: int,
        model: BatchModel,
        deliver: Deliver,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slots = [Slot(number) for number in range(slots)]
        self._model, self._deliver, self._clock = model, deliver, clock
        self._last = -math.inf
        self._early_steps = 0
        """Since the last step of all, which was begun at `_last`."""
        self._early_s, self._whole_s = 0.0, FRAME_S
        """What a step takes, of early slots alone and of all."""

    def step(self) -> float | None:
        ready = [slot for slot in self.slots if self._is_ready(slot)]
        if not ready:
            return None
        now = self._clock()
        early = [slot for slot in ready if self._model.is_early(slot.number)]
        others = [slot for slot in ready if slot not in early]
        spare_s = min((slot.due for slot in others if slot.due), default=math.inf) - now
        is_awaited = any(not slot.due for slot in others)
        if early and self._may_wait(spare_s, is_awaited):
            self._early_steps += 1
            self._early_s = max(self._step(early, now), FORGET * self._early_s)
            return 0
        rest_s = self._last + self._tick(others) - now
        if rest_s > 0 and spare_s > EASE_S and not early and not is_awaited:
            return rest_s
        self._last, self._early_steps = now, 0
        self._whole_s = max(self._step(ready, now), FORGET * self._whole_s)
        return 0

    def _may_wait(self, spare_s: float, is_awaited: bool) -> bool:
        """Whether a step of early slots alone may come before one of all."""
        if is_awaited and self._early_steps >= INTERLEAVED:
            return False
        return spare_s > CAUTION * (self._early_s + self._whole_s)

    def _tick(self, slots: Sequence[Slot]) -> float:
        """So long replies in no haste wait for each other: with room for one frame each, till all have."""
        is_full = all(slot.waiting >= MOST_WAITING - 1 for slot in slots)
        return FRAME_S if is_full else TICK_S

    def _step(self, slots: Sequence[Slot], began: float) -> float:
        """Seconds that it took."""
        replies = {slot.number: slot.reply for slot in slots}
        made = self._model.step([slot.number for slot in slots])
        now = self._clock()
        STEP.observe(now - began)
        if now - began > FRAME_S:
            LATE.inc()
        self._deliver([self._note(slot, replies[slot.number], made[slot.number], now) for slot in slots])
        return now - began

    def _is_ready(self, slot: Slot) -> bool:
        reply, manner = slot.reply, slot.manner
        if not reply or manner is None or slot.ended == reply or slot.waiting >= MOST_WAITING:
            return False
        words = slot.words
        if slot.reply != reply:
            return False
        try:
            self._prepare(slot, reply, manner, words)
        except Exception as error:
            # A voice's file or a word that the model cannot take: this reply's trouble and nobody else's.
            log.exception("reply cannot be spoken", slot=slot.number)
            slot.ended = reply
            self._deliver([(slot, reply, Spoken(failed=type(error).__name__))])
            return False
        return self._model.can_step(slot.number)

    def _prepare(self, slot: Slot, reply: int, manner: Manner, words: "deque[str | None]") -> None:
        if slot.begun != reply:
            self._model.begin(slot.number, manner)
            slot.begun, slot.due = reply, 0.0
        while words:
            word = words.popleft()
            if word is None:
                self._model.end(slot.number)
            else:
                self._model.add(slot.number, word)

    def _note(self, slot: Slot, reply: int, spoken: Spoken, now: float) -> tuple[Slot, int, Spoken]:
        if spoken.ended:
            slot.ended = reply
        if spoken.pcm and slot.reply == reply:
            slot.made += 1
            slot.due = max(slot.due, now) + FRAME_S
        return slot, reply, spoken

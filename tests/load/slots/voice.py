"""How soon the batched voice is heard beside 31 others: engine and board, and a model that only costs time.

`python -m tests.load.slots.voice`. The others' sound is taken as a gateway takes it, in real time and little
ahead; a frame of theirs that comes later than that would have been a gap to somebody.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from chassis.tasks import task_group
from tests.load.measure import percentile
from tts_service.engine import Voice
from tts_service.engines.moshi import MoshiEngine
from tts_service.engines.moshi_slots import FRAME_S, BatchModel, Manner, Spoken
from tts_service.engines.moshi_voices import Voices

LM_S, DEPFORMER_S, MIMI_S = 0.006, 0.016, 0.008
"""A step of the 1.6b in a full batch on a card of 24 GB, about: the text, the codebooks, the sound."""
DELAY_STEPS, SILENT_STEPS = 16, 2
"""Before the depformer has anything to do, and before it has made a whole frame."""
SLOTS = 32
TALKING = SLOTS - 1
TAKEN_AHEAD = 4
"""Items that a gateway lets one reply be ahead of what it has passed on."""
NEWCOMERS, ALONE = 60, 8
FRAME = b"\1\0" * 1920


@dataclass
class _Speaker:
    step: int = 0
    words: int = 0
    ended: bool = False


class CostlyModel:
    """Speaks two frames a word, as long as words come; the time of its steps is slept."""

    device = "cpu"

    def __init__(self) -> None:
        self._speakers: dict[int, _Speaker] = {}
        self.steps = 0

    def warm(self) -> None: ...

    def begin(self, slot: int, manner: Manner) -> None:  # noqa: ARG002
        self._speakers[slot] = _Speaker()

    def add(self, slot: int, word: str) -> None:  # noqa: ARG002
        self._speakers[slot].words += 1

    def end(self, slot: int) -> None:
        self._speakers[slot].ended = True

    def can_step(self, slot: int) -> bool:
        speaker = self._speakers[slot]
        return speaker.ended or speaker.words > 2 + speaker.step / 2 - DELAY_STEPS

    def is_early(self, slot: int) -> bool:
        return self._speakers[slot].step < DELAY_STEPS

    def step(self, slots: Sequence[int]) -> Mapping[int, Spoken]:
        speakers = {slot: self._speakers[slot] for slot in slots}
        cost = LM_S
        if not all(self.is_early(slot) for slot in slots):
            cost += DEPFORMER_S
        if any(speaker.step >= DELAY_STEPS + SILENT_STEPS for speaker in speakers.values()):
            cost += MIMI_S
        time.sleep(cost)
        self.steps += 1
        return {slot: self._speak(speaker) for slot, speaker in speakers.items()}

    def _speak(self, speaker: _Speaker) -> Spoken:
        speaker.step += 1
        made = speaker.step - DELAY_STEPS - SILENT_STEPS
        return Spoken(FRAME if made > 0 else b"", (), speaker.ended and made >= 2 * speaker.words)


class CostlyEngine(MoshiEngine):
    """All of the engine but its weights."""

    def _read(self) -> tuple[BatchModel, Voices]:
        self.model = CostlyModel()
        return self.model, Voices({"somebody": Path()})


@dataclass
class Talk:
    """A reply that is listened to in real time. `late`: its frames that came after their turn."""

    frames: int = 0
    late: int = 0
    worst_ms: float = 0.0
    began: float = 0.0
    first: float = 0.0
    ends: Callable[[], bool] = field(default=lambda: False)

    @property
    def first_audio_ms(self) -> float:
        return (self.first - self.began) * 1000

    async def listen(self, engine: MoshiEngine, words: int) -> None:
        self.began = time.monotonic()
        async with aclosing(engine.speak(_words(words), Voice())) as reply:
            async for _ in reply:
                self._count(time.monotonic())
                if self.ends():
                    return
                ahead = self.first + (self.frames - TAKEN_AHEAD) * FRAME_S - time.monotonic()
                await asyncio.sleep(max(ahead, 0))

    def _count(self, now: float) -> None:
        self.first = self.first or now
        late_s = now - self.first - self.frames * FRAME_S
        self.worst_ms = max(self.worst_ms, late_s * 1000)
        self.late += late_s > 0.001
        self.frames += 1


@dataclass(frozen=True)
class Figures:
    """Milliseconds from the first words to the first sound. `talks`: all that was listened to meanwhile."""

    alone: list[float]
    beside: list[float]
    crowd: list[float]
    talks: list[Talk]


async def measure() -> dict[str, float]:
    return summary(await _measure())


def summary(figures: Figures) -> dict[str, float]:
    return {
        "tts_first_audio_alone_ms": round(percentile(figures.alone, 0.5), 1),
        "tts_first_audio_32_p50_ms": round(percentile(figures.beside, 0.5), 1),
        "tts_first_audio_32_p95_ms": round(percentile(figures.beside, 0.95), 1),
        "tts_first_audio_crowd_p95_ms": round(percentile(figures.crowd, 0.95), 1),
        "tts_late_frames": float(sum(talk.late for talk in figures.talks)),
    }


async def _measure() -> Figures:
    chance = random.Random(1)  # when somebody comes is no secret
    engine = CostlyEngine("costly", SLOTS)
    await engine.load()
    try:
        alone = []
        for _ in range(ALONE):
            alone.append(await _first_audio_ms(engine))
            await asyncio.sleep(chance.uniform(0.1, 0.2))
        beside, talkers = await _beside(engine, chance)
        crowd = await _crowd(engine, chance)
        return Figures(alone, beside, [talk.first_audio_ms for talk in crowd], [*talkers, *crowd])
    finally:
        await engine.unload()


async def _beside(engine: MoshiEngine, chance: random.Random) -> tuple[list[float], list[Talk]]:
    """One newcomer after the other, beside replies that never end."""
    done = asyncio.Event()
    talkers = [Talk(ends=done.is_set) for _ in range(TALKING)]
    firsts = []
    async with task_group() as group:
        for talk in talkers:
            group.create_task(talk.listen(engine, 2000))
            await asyncio.sleep(chance.uniform(0, FRAME_S))
        await asyncio.sleep(2)  # all are heard by then
        for _ in range(NEWCOMERS):
            firsts.append(await _first_audio_ms(engine))
            await asyncio.sleep(chance.uniform(0.1, 0.3))
        done.set()
    return firsts, talkers


async def _crowd(engine: MoshiEngine, chance: random.Random) -> list[Talk]:
    """All places taken by replies of a few seconds, one after the other: several newcomers at any time."""
    talks: list[Talk] = []

    async def converse() -> None:
        await asyncio.sleep(chance.uniform(0, 4))
        for _ in range(3):
            talks.append(talk := Talk())
            await talk.listen(engine, chance.randint(12, 40))

    async with task_group() as group:
        for _ in range(SLOTS):
            group.create_task(converse())
    return talks


async def _first_audio_ms(engine: MoshiEngine) -> float:
    began = time.monotonic()
    async with aclosing(engine.speak(_words(40), Voice())) as reply:
        await anext(reply)
        return (time.monotonic() - began) * 1000


async def _words(count: int) -> AsyncIterator[str]:
    for number in range(count):
        yield f"word{number}"


def main() -> None:
    figures = asyncio.run(_measure())
    result = summary(figures)
    rows = (
        ("first audio alone, ms", figures.alone),
        (f"beside {TALKING} that talk, ms", figures.beside),
        (f"where {SLOTS} come and go, ms", figures.crowd),
    )
    print(f"\n{'The batched voice':<30}{'p50':>8}{'p95':>8}{'most':>8}")
    for name, values in rows:
        shown = [percentile(values, 0.5), percentile(values, 0.95), max(values)]
        print(f"  {name:<28}" + "".join(f"{value:8.0f}" for value in shown))
    heard, worst = sum(talk.frames for talk in figures.talks), max(talk.worst_ms for talk in figures.talks)
    late = result["tts_late_frames"]
    print(f"  of {heard} frames {late:.0f} came later than real time, by {worst:.0f} ms at most")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

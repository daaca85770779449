"""The moshi engine with its board, thread and streams, and a model that costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import numpy as np

from protos.sound import HEARD_RATE
from stt_service.engines.moshi import MoshiEngine
from stt_service.engines.moshi_frames import FRAME_SAMPLES
from stt_service.engines.moshi_options import MoshiOptions
from stt_service.engines.moshi_slots import Heard, Loaded, Manner, Mask
from tests.support import leaks

T = TypeVar("T")
FRAME = HEARD_RATE * 2 * 80 // 1000
"""Bytes of 80 ms, which the model hears as one frame."""
DELAY = 2


class Tokenizer:
    """Token n is the word "n"."""

    def id_to_piece(self, number: int) -> str:
        return f"▁{number}"

    def decode(self, numbers: list[int]) -> str:
        return " ".join(map(str, numbers))


class Counting:
    """Writes, at each frame that is not silent, how many of those it has heard; `mute`: nothing."""

    device = "cpu"

    def __init__(self, slots: int, has_pauses: bool = True) -> None:
        self.audio = np.zeros((slots, FRAME_SAMPLES), np.float32)
        self.has_pauses = has_pauses
        self.mute = False
        self._counts = np.zeros(slots, np.int64)

    def warm(self) -> None: ...

    def reset(self, slots: Mask) -> None:
        self._counts[slots] = 0

    def step(self, slots: Mask) -> Heard:
        loud = slots & (np.abs(self.audio).max(axis=1) > 300)
        self._counts[loud] += 1
        tokens = np.where(loud & (not self.mute), 10 + self._counts, 3)
        return Heard(tokens, np.full(len(tokens), 0.5, np.float32) if self.has_pauses else None)


class Ear(MoshiEngine):
    """`prefix`: frames of silence that its model begins with."""

    def __init__(self, options: MoshiOptions, prefix: int = 0, has_pauses: bool = True) -> None:
        super().__init__(options)
        self.model = Counting(options.slots, has_pauses)
        self._manner = Manner(Tokenizer(), DELAY, prefix)

    def _read(self) -> Loaded:
        return self.check(Loaded(self.model, self._manner))


def tone(frames: int) -> bytes:
    samples = np.sin(np.arange(frames * FRAME // 2) / 5) * 12_000
    return samples.astype("<i2").tobytes()


def use(ear: Ear, work: Callable[[Ear], Awaitable[T]]) -> T:
    async def loaded() -> T:
        await ear.load()
        try:
            return await work(ear)
        finally:
            await ear.unload()

    return leaks.run(loaded())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)

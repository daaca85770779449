"""Who speaks on the stage, and how loud: each line is synthesised once in a process, all that are missing at
one go.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from protos.sound import HEARD_RATE, SPOKEN_RATE
from tests.support.spoken import make_voice
from tts_service.engine import TtsEngine, Voice, Word
from tts_service.engines.espeak import EspeakEngine

VOICES = ("hibari", "espeak")
LOUDNESSES_DB = (-36, -27, -18)
"""RMS of full scale of what is voiced: at arm's length and further, as most, close to the microphone."""
VOICED = 0.05
"""Of the peak: what is less is pause."""
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Line:
    text: str
    voice: str = VOICES[0]
    speed: float = 1.0


@dataclass(frozen=True)
class Spoken:
    """16-bit mono at 24 kHz, and its words."""

    pcm: bytes
    words: tuple[Word, ...]

    def heard(self) -> Samples:
        """At the rate of a microphone, of full scale."""
        samples = np.frombuffer(self.pcm, "<i2").astype(np.float32) / np.float32(32768)
        resampled: Samples = soxr.resample(samples, SPOKEN_RATE, HEARD_RATE)
        return resampled


_spoken: dict[Line, Spoken] = {}


def speak(lines: Sequence[Line]) -> None:
    """Have them ready. Never call it on an event loop that must keep time."""
    missing = [line for line in dict.fromkeys(lines) if line not in _spoken]
    if missing:
        # A thread of its own, for some tests ask from inside their loop.
        with ThreadPoolExecutor(1) as thread:
            _spoken.update(thread.submit(lambda: asyncio.run(_speak(missing))).result())


def spoken(line: Line) -> Spoken:
    speak([line])
    return _spoken[line]


def voiced(line: Line, loudness_db: float) -> Samples:
    """As a microphone hears it, from the first sound to the last."""
    samples = spoken(line).heard()
    loud = np.flatnonzero(np.abs(samples) > VOICED * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    level = np.sqrt(np.mean(samples[np.abs(samples) > VOICED * np.abs(samples).max()] ** 2))
    return np.clip(samples * np.float32(10 ** (loudness_db / 20) / level), -1, 1)


async def _speak(lines: Sequence[Line]) -> dict[Line, Spoken]:
    engines: dict[str, TtsEngine] = {"hibari": make_voice(), "espeak": EspeakEngine()}
    for engine in engines.values():
        await engine.load()
    try:
        return {line: await _say(engines[line.voice], line) for line in lines}
    finally:
        for engine in engines.values():
            await engine.unload()
        gc.unfreeze()  # what a service does for its whole life is not for a process of many tests


async def _say(engine: TtsEngine, line: Line) -> Spoken:
    pieces = [piece async for piece in engine.speak(_only(line.text), Voice(speed=line.speed))]
    return Spoken(b"".join(piece.pcm for piece in pieces), tuple(w for piece in pieces for w in piece.words))


async def _only(text: str) -> AsyncIterator[str]:
    yield text

"""What a person says in a test: the embedded voice's sentences, and recordings of people."""

import asyncio
import gc
import wave
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import soxr

from protos.sound import HEARD_RATE, SPOKEN_RATE
from tts_service.engine import TtsEngine, Voice
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.hibari import HibariEngine

EASY = "Hello, how are you today?"
RECORDINGS = Path(__file__).parents[2].parent / "shared" / "audio"
"""Recordings of people, beside the checkout. Not part of the project."""


def make_voice() -> TtsEngine:
    """The embedded profile's, not loaded yet."""
    return HibariEngine(EspeakEngine())


@cache
def speech(text: str = EASY, voice: str = "", speed: float = 1.0) -> bytes:
    """16-bit mono at 16 kHz. Never call it on an event loop that must keep time."""

    async def said() -> bytes:
        engine = make_voice()
        await engine.load()
        try:
            return b"".join([s.pcm async for s in engine.speak(_only(text), Voice(voice, speed=speed))])
        finally:
            await engine.unload()
            gc.unfreeze()  # what a service does for its whole life is not for a process of many tests

    # A thread of its own, for some tests ask for speech from inside their loop.
    with ThreadPoolExecutor(1) as thread:
        pcm = thread.submit(lambda: asyncio.run(said())).result()
    spoken = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    resampled = soxr.resample(spoken, SPOKEN_RATE, HEARD_RATE)
    return bytes(np.clip(resampled, -32768, 32767).astype("<i2").tobytes())


def utterance(text: str = EASY, before_s: float = 0.5, after_s: float = 0.0) -> bytes:
    """Speech with silence around it."""
    return silence(before_s) + speech(text) + silence(after_s)


def silence(seconds: float, rate: int = HEARD_RATE) -> bytes:
    return bytes(2 * round(seconds * rate))


def tone(seconds: float, amplitude: float = 0.3) -> bytes:
    times = np.arange(round(seconds * HEARD_RATE)) / HEARD_RATE
    return bytes((np.sin(times * 2 * np.pi * 220) * amplitude * 32767).astype("<i2").tobytes())


def write_wav(path: Path, pcm: bytes, rate: int = HEARD_RATE, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(rate)
        target.writeframes(pcm)
    return path


def read_wav(path: Path) -> tuple[bytes, int]:
    """The sound and its rate; 16-bit mono only."""
    with wave.open(str(path), "rb") as source:
        assert (source.getnchannels(), source.getsampwidth()) == (1, 2), path
        return source.readframes(source.getnframes()), source.getframerate()


async def _only(text: str) -> AsyncIterator[str]:
    yield text

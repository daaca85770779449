"""What a person says in a journey: the project's own voice, and recordings of people where there are any."""

import asyncio
import wave
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import soxr

from protos.sound import SPOKEN_RATE
from tests.support.client import RATE
from tts_service.engine import Voice
from tts_service.engines.espeak import EspeakEngine

EASY = "Hello, how are you today?"
RECORDINGS = Path(__file__).parents[2].parent / "shared" / "audio"
"""Recordings of people, beside the checkout. Not part of the project."""


@cache
def spoken(text: str = EASY, before_s: float = 0.5, after_s: float = 0.0) -> bytes:
    """16-bit mono at 16 kHz. Never call it on an event loop that must keep time."""
    # A thread of its own, for some tests ask for speech before they use their loop.
    with ThreadPoolExecutor(1) as thread:
        voice = np.frombuffer(thread.submit(lambda: asyncio.run(_speak(text))).result(), np.int16)
    pcm: bytes = soxr.resample(voice, SPOKEN_RATE, RATE).astype(np.int16).tobytes()
    return silence(before_s) + pcm + silence(after_s)


def silence(seconds: float, rate: int = RATE) -> bytes:
    return bytes(int(seconds * rate) * 2)


def write_wav(path: Path, pcm: bytes, rate: int = RATE, channels: int = 1, width: int = 2) -> Path:
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


async def _speak(text: str) -> bytes:
    engine = EspeakEngine()
    await engine.load()
    try:
        return b"".join([speech.pcm async for speech in engine.speak(_only(text), Voice())])
    finally:
        await engine.unload()


async def _only(text: str) -> AsyncIterator[str]:
    yield text

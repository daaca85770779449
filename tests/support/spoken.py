"""Speech for the tests of listening, made by the embedded voice: recordings may be absent."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import soxr

from protos.sound import HEARD_RATE, SPOKEN_RATE
from tts_service.engine import Voice
from tts_service.engines.espeak import EspeakEngine


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * HEARD_RATE))


@cache
def speech(text: str, voice: str = "en-us", speed: float = 1.0) -> bytes:
    """16-bit at 16 kHz."""

    async def said() -> bytes:
        engine = EspeakEngine()
        await engine.load()
        try:
            return b"".join([s.pcm async for s in engine.speak(_only(text), Voice(voice, speed=speed))])
        finally:
            await engine.unload()

    # A thread of its own, for some tests ask for speech from inside their loop.
    with ThreadPoolExecutor(1) as thread:
        pcm = thread.submit(lambda: asyncio.run(said())).result()
    spoken = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    resampled = soxr.resample(spoken, SPOKEN_RATE, HEARD_RATE)
    return bytes(np.clip(resampled, -32768, 32767).astype("<i2").tobytes())


def tone(seconds: float, amplitude: float = 0.3) -> bytes:
    times = np.arange(round(seconds * HEARD_RATE)) / HEARD_RATE
    return bytes((np.sin(times * 2 * np.pi * 220) * amplitude * 32767).astype("<i2").tobytes())


async def _only(text: str) -> AsyncIterator[str]:
    yield text

"""What the machine says on the stage: one reply, whatever it is asked, in the embedded profile's voice."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr

from gateway.conversation.events import Word
from protos.sound import HEARD_RATE, SPOKEN_RATE
from tests.support.spoken import make_voice
from tts_service.engine import Voice

TEXT = (
    "I had a lovely walk in the park this morning. The weather was bright and clear, so I sat down near the "
    "water and read a story about a friend who learns to cook."
)


@dataclass(frozen=True)
class Reply:
    """`pcm`: 16-bit at 16 kHz, as the caller hears it. `samples` and `words`: at 24 kHz, as it was spoken."""

    text: str
    pcm: bytes
    samples: int
    words: tuple[Word, ...]


@cache
def reply(text: str = TEXT) -> Reply:
    """Never call it on a loop."""
    return asyncio.run(_speak(text))


async def _speak(text: str) -> Reply:
    engine = make_voice()
    await engine.load()
    try:
        pieces = [piece async for piece in engine.speak(_only(text), Voice())]
    finally:
        await engine.unload()
        gc.unfreeze()  # what a service does for its whole life is not for a process of many tests
    samples = np.concatenate([np.frombuffer(piece.pcm, "<i2") for piece in pieces]).astype(np.float32)
    heard = np.clip(soxr.resample(samples, SPOKEN_RATE, HEARD_RATE), -32768, 32767).astype("<i2")
    words = tuple(Word(word.text, word.start_sample) for piece in pieces for word in piece.words)
    return Reply(text, heard.tobytes(), len(samples), words)


async def _only(text: str) -> AsyncIterator[str]:
    yield text

"""The voice alone, on one core: how soon it is heard, and what a second of it costs."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil

from protos.sound import SPOKEN_RATE
from tests.load.embedded.sentences import SENTENCES
from tests.load.measure import percentile
from tests.support.spoken import make_voice
from tts_service.engine import Voice


@dataclass(frozen=True)
class Spoken:
    """CPU seconds for a second of sound; from a sentence to its first sound; memory of the process."""

    rtf: float
    first_audio_ms: float
    slowest_first_audio_ms: float
    resident_mb: float


def measure() -> Spoken:
    return asyncio.run(_measure())


async def _measure() -> Spoken:
    engine = make_voice()
    await engine.load()
    firsts, used, samples = [], 0.0, 0
    for _ in range(3):
        for sentence in SENTENCES:
            began, began_cpu = time.monotonic(), time.process_time()
            is_first = True
            async for speech in engine.speak(_only(sentence), Voice()):
                if is_first:
                    firsts.append((time.monotonic() - began) * 1000)
                    is_first = False
                samples += len(speech.pcm) // 2
            used += time.process_time() - began_cpu
    resident = psutil.Process().memory_info().rss / 1e6
    await engine.unload()
    return Spoken(used / (samples / SPOKEN_RATE), percentile(firsts, 0.5), max(firsts), resident)


async def _only(text: str) -> AsyncIterator[str]:
    yield text

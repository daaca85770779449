"""What the tests of Hibari ask of it, and what stands behind it in them."""

from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chassis.faults import Unsupported
from engine_room.engines import EngineInfo
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, TtsEngine, Voice, Word

USUAL = Voice()
OTHERS = Voice("en-gb+f3")


class Other:
    """What stands behind the engine here: tenths of a second of one loud sample, and what it was asked."""

    gathers: Literal["word", "clause"] = "clause"
    info = EngineInfo("other", "other", 2, ("en", "fr"), ("default", "en-gb+f3"), SPOKEN_RATE)
    loudness = 20_000

    def __init__(self) -> None:
        self.asked: list[tuple[Voice, str]] = []
        self.is_loaded = False

    async def load(self) -> None:
        self.is_loaded = True

    async def unload(self) -> None:
        self.is_loaded = False

    def check(self, voice: Voice) -> None:
        if voice.name not in ("", *self.info.voices):
            raise Unsupported(f"other has no {voice.name!r}; it has {', '.join(self.info.voices)}")

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        samples = 0
        async for clause in pieces:
            self.asked.append((voice, clause))
            pcm = np.full(SPOKEN_RATE // 10, self.loudness, "<i2").tobytes()
            yield Speech(pcm, (Word(clause, samples),))
            samples += len(pcm) // 2


async def each(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


async def said(engine: TtsEngine, *clauses: str, voice: Voice = USUAL) -> list[Speech]:
    return [speech async for speech in engine.speak(each(*clauses), voice)]


def samples_of(spoken: list[Speech]) -> NDArray[np.int32]:
    return np.frombuffer(b"".join(speech.pcm for speech in spoken), "<i2").astype(np.int32)


def words_of(spoken: list[Speech]) -> list[Word]:
    return [word for speech in spoken for word in speech.words]


def onsets(samples: NDArray[np.int32], least_pause_s: float) -> list[float]:
    """Where sound begins after a pause of at least this length, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > 250)
    return [int(b) / SPOKEN_RATE for a, b in pairwise(loud) if b - a > least_pause_s * SPOKEN_RATE]

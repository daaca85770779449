"""What is said, spoken beforehand by voice engines here, whatever the cluster speaks with."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cli.rehearsal.scenario import Voice
from cli.rehearsal.sounds import resampled
from protos.sound import SPOKEN_RATE

if TYPE_CHECKING:
    from tts_service.engine import TtsEngine

SPEAK_S = 120.0
"""Longest wait for one sentence."""


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    voice: Voice
    language: str


class NoVoice(Exception):
    """Why nothing can be said, and what to do."""


async def speak(lines: Iterable[Said]) -> dict[Said, NDArray[np.float64]]:
    """Each at 16 kHz, of whatever level. Raises NoVoice."""
    wanted = list(dict.fromkeys(lines))
    spoken: dict[Said, NDArray[np.float64]] = {}
    try:
        for voice in dict.fromkeys(line.voice for line in wanted):
            engine = _engine(voice)
            await engine.load()
            try:
                for line in wanted:
                    if line.voice == voice:
                        spoken[line] = await _said(engine, line)
            finally:
                await engine.unload()
                gc.unfreeze()  # an engine freezes for a service's whole life
    except ImportError:
        raise NoVoice(
            "the voices are not installed here: pip install -e '.[espeak,hibari]', or play WAV files"
        ) from None
    return spoken


def _engine(voice: Voice) -> "TtsEngine":
    from tts_service.engines.espeak import EspeakEngine
    from tts_service.engines.hibari import HibariEngine

    return HibariEngine(EspeakEngine()) if voice == "hibari" else EspeakEngine()


async def _said(engine: "TtsEngine", line: Said) -> NDArray[np.float64]:
    from chassis.faults import Fault
    from tts_service.engine import Voice as Spoken

    try:
        async with asyncio.timeout(SPEAK_S):
            spoken = engine.speak(_only(line.text), Spoken(language=line.language))
            pcm = b"".join([piece.pcm async for piece in spoken])
    except TimeoutError:
        raise NoVoice(
            f"{line.voice} did not say {line.text!r} in {SPEAK_S:g} s; try a shorter text"
        ) from None
    except Fault as fault:
        raise NoVoice(f"{line.voice} cannot say {line.text!r}: {fault}") from None
    if not any(pcm):
        raise NoVoice(f"{line.voice} says nothing at {line.text!r}; write words")
    return resampled(np.frombuffer(pcm, "<i2").astype(np.float64), SPOKEN_RATE)


async def _only(text: str) -> AsyncIterator[str]:
    yield text

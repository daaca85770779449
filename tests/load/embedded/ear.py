"""The ear alone, on one core: words wrong, and its share of the core while somebody speaks."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import psutil

from engine_room.wheels import WHEELS
from stt_service.engine import ListenOptions
from stt_service.engines.by_utterance import Weights
from stt_service.engines.moonshine import MoonshineEngine
from stt_service.engines.moonshine_model import MoonshineWeights
from stt_service.engines.utterance import Segment
from tests.load.embedded.sentences import CONDITIONS, Said
from tests.support.hearing import Hearing
from tests.support.spoken import silence
from tests.support.words import plain, wrong_words

LONGEST_S = 8.0
SILENCE = silence(1.0)
"""What ends a turn."""


@dataclass(frozen=True)
class Heard:
    """Words wrong and words said, of people and by condition; CPU by second of speech; the dearest final, as
    sessions have them and with nothing heard before it.
    """

    people_wrong: int
    people_words: int
    wrong: dict[str, int]
    words: int
    core_share: float
    final_cpu_ms: float
    cold_cpu_ms: float
    resident_mb: float


def measure(people: list[Said], voice: list[Said]) -> Heard:
    """What people said and what the voice says, through gate and ear as a session has them."""
    return asyncio.run(_measure(people, voice))


async def _measure(people: list[Said], voice: list[Said]) -> Heard:
    engine = _TimedEngine(slots=1)
    await engine.load()
    stream = engine.open(ListenOptions("en"))
    hearing = Hearing(stream)
    wrong = dict.fromkeys(CONDITIONS, 0)
    people_wrong = 0
    for said in (*people, *voice):
        for name, change in CONDITIONS.items():
            heard = await hearing.hear(change(said.pcm) + SILENCE)
            mistakes = wrong_words(said.words, " ".join(heard))
            wrong[name] += mistakes
            people_wrong += mistakes if name == "clean" and said in people else 0
    short = [said for said in (*people, *voice) if said.seconds <= LONGEST_S]
    share, finals_cpu = await _speak_to(hearing, short)
    await stream.close()
    resident = psutil.Process().memory_info().rss / 1e6
    await engine.unload()
    cold_cpu = _dearest_cold(MoonshineWeights(WHEELS["moonshine"].place(""), slots=1), short)
    return Heard(
        people_wrong,
        sum(len(plain(said.words)) for said in people),
        wrong,
        sum(len(plain(said.words)) for said in (*people, *voice)),
        share,
        finals_cpu,
        cold_cpu,
        resident,
    )


class _TimedWeights(MoonshineWeights):
    """Keeps what each transcription took, in ms of CPU."""

    took_ms: ClassVar[list[float]] = []

    def transcribe(
        self,
        pcm: bytes,
        language: str | None,
        cancelled: threading.Event,
        with_words: bool,
        draft: Sequence[Segment],
    ) -> list[Segment]:
        began = time.thread_time()
        heard = super().transcribe(pcm, language, cancelled, with_words, draft)
        self.took_ms.append((time.thread_time() - began) * 1000)
        return heard


class _TimedEngine(MoonshineEngine):
    def _read(self) -> Weights:
        return _TimedWeights(self._folder, self._slots)


async def _speak_to(hearing: Hearing, saids: list[Said]) -> tuple[float, float]:
    """In real time, gate and partials included: the share of the core, and the dearest final."""
    used = seconds = dearest = 0.0
    for said in saids:
        began = time.process_time()
        await hearing.hear(said.pcm + SILENCE, speed=1)
        used += time.process_time() - began
        seconds += said.seconds
        dearest = max(dearest, _TimedWeights.took_ms[-1])  # the final is the last of its utterance
    return used / seconds, dearest


def _dearest_cold(weights: MoonshineWeights, saids: list[Said]) -> float:
    """Of whole utterances, told at once, in ms of CPU."""
    dearest = 0.0
    for said in saids:
        began = time.thread_time()
        weights.transcribe(said.pcm, "en", threading.Event(), with_words=True, draft=())
        dearest = max(dearest, (time.thread_time() - began) * 1000)
    return dearest

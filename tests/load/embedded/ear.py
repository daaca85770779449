"""The ear alone, on one core: words wrong, and its share of the core while somebody speaks."""

import asyncio
import time
from dataclasses import dataclass

import psutil

from stt_service.engine import ListenOptions, SttStream
from stt_service.engines.moonshine import MoonshineEngine
from tests.load.embedded.sentences import CONDITIONS, Said
from tests.support.client import FRAME_BYTES, FRAME_S
from tests.support.words import plain, wrong_words

LONGEST_S = 8.0


@dataclass(frozen=True)
class Heard:
    """Words wrong and words said, of people and by condition; CPU by second of speech; the dearest final."""

    people_wrong: int
    people_words: int
    wrong: dict[str, int]
    words: int
    core_share: float
    final_cpu_ms: float
    final_ms: float
    resident_mb: float


def measure(people: list[Said], voice: list[Said]) -> Heard:
    """What people said and what the voice says. Nothing else may have been loaded into this process."""
    return asyncio.run(_measure(people, voice))


async def _measure(people: list[Said], voice: list[Said]) -> Heard:
    engine = MoonshineEngine(slots=1)
    await engine.load()
    stream = engine.open(ListenOptions("en"))
    wrong = dict.fromkeys(CONDITIONS, 0)
    people_wrong = 0
    for said in (*people, *voice):
        for name, change in CONDITIONS.items():
            mistakes = wrong_words(said.words, await _hear_at_once(stream, change(said.pcm)))
            wrong[name] += mistakes
            people_wrong += mistakes if name == "clean" and said in people else 0
    short = [said for said in (*people, *voice) if said.seconds <= LONGEST_S]
    shares, finals_cpu, finals = await _speak_to(stream, short)
    await stream.close()
    resident = psutil.Process().memory_info().rss / 1e6
    await engine.unload()
    return Heard(
        people_wrong,
        sum(len(plain(said.words)) for said in people),
        wrong,
        sum(len(plain(said.words)) for said in (*people, *voice)),
        shares,
        finals_cpu,
        finals,
        resident,
    )


async def _hear_at_once(stream: SttStream, pcm: bytes) -> str:
    await stream.feed(pcm)
    return (await stream.finish()).text


async def _speak_to(stream: SttStream, saids: list[Said]) -> tuple[float, float, float]:
    """In real time, partials included: the share of the core, and the dearest and the slowest final in ms."""
    used = seconds = dearest = slowest = 0.0
    for said in saids:
        began, due = time.process_time(), time.monotonic()
        for begin in range(0, len(said.pcm), FRAME_BYTES):
            await stream.feed(said.pcm[begin : begin + FRAME_BYTES])
            due += FRAME_S
            await asyncio.sleep(max(0, due - time.monotonic()))
        before_cpu, before = time.process_time(), time.monotonic()
        await stream.finish()
        dearest = max(dearest, (time.process_time() - before_cpu) * 1000)
        slowest = max(slowest, (time.monotonic() - before) * 1000)
        used += time.process_time() - began
        seconds += said.seconds
    return used / seconds, dearest, slowest

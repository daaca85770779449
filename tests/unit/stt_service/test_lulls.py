"""What a silence that may be the end begins, and what becomes of it."""

import asyncio

from stt_service.engine import Hypothesis
from stt_service.engines.whisper import WhisperEngine
from tests.unit.stt_service.scripted_ear import ENGLISH, SECOND, Scripted, until, use

HALF = SECOND[: len(SECOND) // 2]


def test_in_a_lull_the_final_is_made_ready_and_silence_does_not_make_it_anew() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> list[object]:
        stream = engine.open(ENGLISH)
        await stream.feed(HALF)
        await stream.lull(begins=True)
        await until(lambda: len(weights.cancelled) == 1)
        await asyncio.sleep(0.01)
        told: list[object] = list(await stream.feed(HALF))
        return [*told, *await stream.feed(HALF), await stream.finish()]

    told, weights = use(work)
    assert weights.heard_s == [0.5]
    assert told == [Hypothesis("0.5 seconds", whole=True), Hypothesis("0.5 seconds")]


def test_a_final_waits_for_what_the_lull_began() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> Hypothesis:
        stream = engine.open(ENGLISH)
        weights.gate.clear()
        await stream.feed(HALF)
        await stream.lull(begins=True)
        await stream.feed(HALF)
        finishing = asyncio.create_task(stream.finish())
        await until(lambda: len(weights.heard_s) == 1)
        weights.gate.set()
        final = await finishing
        await stream.feed(SECOND[:640])
        assert await stream.finish() == Hypothesis("0.02 seconds"), "nothing of it is left"
        return final

    final, weights = use(work)
    assert final == Hypothesis("0.5 seconds")
    assert weights.cancelled == [False, False]


def test_who_goes_on_speaking_is_heard_anew() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> list[object]:
        stream = engine.open(ENGLISH)
        await stream.feed(HALF)
        await stream.lull(begins=True)
        await until(lambda: len(weights.cancelled) == 1)
        await asyncio.sleep(0.01)
        await stream.lull(begins=False)
        told: list[object] = list(await stream.feed(HALF))
        return [*told, await stream.finish()]

    told, weights = use(work)
    assert weights.heard_s == [0.5, 1]
    assert told == [Hypothesis("0.5 seconds"), Hypothesis("1 seconds")], "it is the whole no more"


def test_a_lull_waits_for_a_thread_and_a_reset_ends_it() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> Hypothesis:
        busy, stream = engine.open(ENGLISH), engine.open(ENGLISH)
        weights.gate.clear()
        await busy.feed(SECOND)
        await until(lambda: len(weights.heard_s) == 1)
        await stream.feed(HALF)
        await stream.lull(begins=True)
        await stream.feed(HALF)
        assert weights.heard_s == [1]
        weights.gate.set()
        await until(lambda: len(weights.cancelled) == 1)
        await asyncio.sleep(0.01)
        await stream.feed(HALF)
        await until(lambda: len(weights.cancelled) == 2)
        await stream.reset()
        await stream.feed(HALF)
        return await stream.finish()

    final, weights = use(work)
    assert weights.heard_s == [1, 1.5, 0.5]
    assert final == Hypothesis("0.5 seconds")

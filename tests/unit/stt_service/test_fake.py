"""The engine that tests and load measurements count on."""

import asyncio
import time

import pytest

from chassis.faults import InternalFault, NoSlot, NotReady
from stt_service.engine import Hypothesis, ListenOptions
from stt_service.engines.fake import FakeEngine
from tests.support.spoken import silence


async def loaded(text: str = "one two three", final_s: float = 0.0, slots: int = 1) -> FakeEngine:
    engine = FakeEngine(text, final_s, slots)
    await engine.load()
    return engine


async def test_partials_grow_by_a_word_every_300_ms() -> None:
    stream = (await loaded()).open(ListenOptions())
    heard = [output for _ in range(60) for output in await stream.feed(silence(0.02))]
    assert heard == [Hypothesis("one"), Hypothesis("one two"), Hypothesis("one two three")]


async def test_the_final_comes_after_its_delay_for_every_utterance() -> None:
    stream = (await loaded(final_s=0.05)).open(ListenOptions())
    found = []
    for audio in (silence(1), silence(0.02), b""):
        await stream.feed(audio)
        began = time.perf_counter()
        found.append(((await stream.finish()).text, time.perf_counter() - began))
    assert [text for text, _ in found] == ["one two three", "one two three", ""]
    assert all(0.049 < delay_s < 0.3 for _, delay_s in found)


async def test_it_does_what_its_text_says() -> None:
    async def final(text: str) -> str:
        stream = (await loaded(text)).open(ListenOptions())
        await stream.feed(silence(1))
        async with asyncio.timeout(0.05):
            return (await stream.finish()).text

    with pytest.raises(TimeoutError):
        await final("please hang now")
    with pytest.raises(InternalFault):
        await final("fail")
    rubbish = await final("rubbish:nan")
    assert len(rubbish) > 100_000
    assert "\0" in rubbish


async def test_slots_are_counted() -> None:
    engine = FakeEngine(slots=1)
    with pytest.raises(NotReady):
        engine.open(ListenOptions())
    await engine.load()
    stream = engine.open(ListenOptions())
    assert engine.running == 1
    with pytest.raises(NoSlot):
        engine.open(ListenOptions())
    await stream.close()
    await stream.close()
    assert engine.running == 0

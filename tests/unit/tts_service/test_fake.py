"""The engine that tests and load measurements count on."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from chassis.faults import InternalFault
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Voice
from tts_service.engines.fake import PIECE_SAMPLES, FakeEngine, mark, turn_of


async def each(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def said(*pieces: str, turn: int = 0, most: int = 1000) -> list[Speech]:
    engine = FakeEngine(first_audio_s=0)
    await engine.load()
    spoken: list[Speech] = []
    generator = engine.speak(each(*pieces), Voice(turn=turn))
    try:
        async for speech in generator:
            spoken.append(speech)
            if len(spoken) == most:
                break
    finally:
        await generator.aclose()
        assert engine.running == 0
    return spoken


async def test_every_sample_names_its_turn() -> None:
    pcm = b"".join(speech.pcm for speech in await said("hello", turn=7))
    values = {int.from_bytes(pcm[i : i + 2], "little", signed=True) for i in range(0, len(pcm), 2)}
    assert values == {mark(7)}
    assert turn_of(mark(7)) == 7
    assert turn_of(0) is None
    assert turn_of(mark(20_003)) == 3


async def test_say_speaks_exactly_so_long() -> None:
    spoken = await said("say:3s")
    assert sum(len(speech.pcm) for speech in spoken) == 3 * SPOKEN_RATE * 2
    assert {len(speech.pcm) for speech in spoken} == {PIECE_SAMPLES * 2}


async def test_words_are_spread_evenly() -> None:
    words = [word for speech in await said("one two", "six") for word in speech.words]
    assert [word.text for word in words] == ["one", "two", "six"]
    assert [word.start_sample for word in words] == [0, 5040, 10080]


async def test_first_audio_is_late_once() -> None:
    engine = FakeEngine(first_audio_s=0.05)
    await engine.load()
    began = time.perf_counter()
    spoken = engine.speak(each("one", "two"), Voice())
    await anext(spoken)
    first_s = time.perf_counter() - began
    async for _ in spoken:
        pass
    rest_s = time.perf_counter() - began - first_s
    assert 0.049 < first_s < 0.5
    assert rest_s < 0.04


async def test_it_fails_when_told() -> None:
    with pytest.raises(InternalFault):
        await said("fail")
    assert len(await said("fail_after:3", most=3)) == 3
    with pytest.raises(InternalFault):
        await said("fail_after:3", most=4)


@pytest.mark.parametrize(("text", "pieces"), [("hang", 0), ("stall_after:2", 2)])
async def test_it_stalls_when_told(text: str, pieces: int) -> None:
    async def stalled() -> int:
        engine = FakeEngine(first_audio_s=0)
        await engine.load()
        spoken, heard = engine.speak(each(text), Voice()), 0
        try:
            async with asyncio.timeout(0.05):
                async for _ in spoken:
                    heard += 1
        except TimeoutError:
            assert engine.running == 0
            return heard
        return -1

    assert await stalled() == pieces


async def test_it_makes_rubbish_when_told() -> None:
    assert len((await said("rubbish:odd"))[0].pcm) % 2 == 1
    assert len(await said("rubbish:endless", most=500)) == 500

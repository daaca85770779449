"""The voice for every language: its samples, its word times, its voices and its manners."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from chassis.faults import InvalidArgument, NoSlot, NotReady, Unsupported
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Voice
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.espeak_reply import EspeakReply, word_samples
from tts_service.engines.pieces import PIECE_SAMPLES
from tts_service.text.pauses import pause_ms

TEXT = ("Hello there, my friend.", "How are you today?", "I have 3.5 of the apples")


async def each(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


async def said(engine: EspeakEngine, *clauses: str, voice: Voice = Voice()) -> list[Speech]:  # noqa: B008
    return [speech async for speech in engine.speak(each(*clauses), voice)]


@asynccontextmanager
async def loaded(slots: int = 16) -> AsyncIterator[EspeakEngine]:
    engine = EspeakEngine(slots)
    await engine.load()
    try:
        yield engine
    finally:
        await engine.unload()


def samples_of(spoken: list[Speech]) -> NDArray[np.int32]:
    return np.frombuffer(b"".join(speech.pcm for speech in spoken), dtype="<i2").astype(np.int32)


async def test_words_come_in_order_with_the_piece_they_begin_in() -> None:
    async with loaded() as engine:
        spoken = await said(engine, *TEXT)
    words = [word for speech in spoken for word in speech.words]
    assert [word.text for word in words] == " ".join(TEXT).split()
    starts = [word.start_sample for word in words]
    assert starts == sorted(starts)
    assert starts[0] < SPOKEN_RATE // 20
    position = 0
    for speech in spoken:
        end = position + len(speech.pcm) // 2
        assert all(position <= word.start_sample < end for word in speech.words)
        position = end


async def test_a_word_begins_where_its_sound_begins() -> None:
    async with loaded() as engine:
        spoken = await said(engine, "Hello there.", "Testing one.")
    words = {word.text: word.start_sample for speech in spoken for word in speech.words}
    samples = np.abs(samples_of(spoken))
    begin = words["Testing"]
    pause = samples[begin - SPOKEN_RATE // 5 : begin]
    assert pause.max() < 200
    assert samples[begin : begin + SPOKEN_RATE // 10].max() > 1000


async def test_pieces_are_at_most_eighty_milliseconds_of_whole_samples() -> None:
    async with loaded() as engine:
        spoken = await said(engine, *TEXT)
    assert all(0 < len(speech.pcm) <= 2 * PIECE_SAMPLES for speech in spoken)
    assert all(len(speech.pcm) % 2 == 0 for speech in spoken)
    assert 3 * SPOKEN_RATE < len(samples_of(spoken)) < 8 * SPOKEN_RATE


async def test_the_first_piece_comes_before_the_second_clause_is_known() -> None:
    async with loaded() as engine:

        async def stalled() -> AsyncIterator[str]:
            yield "Hello there,"
            await asyncio.Event().wait()

        spoken = engine.speak(stalled(), Voice())
        async with asyncio.timeout(2):
            first = await anext(spoken)
        await spoken.aclose()
        assert engine.running == 0
    assert first.words[0].text == "Hello"


async def test_nothing_clicks_where_clauses_meet() -> None:
    async with loaded() as engine:
        samples = samples_of(await said(engine, *["Now we say it again."] * 4))
    loud = np.flatnonzero(np.abs(samples) > 60)
    pauses = [(int(a), int(b)) for a, b in pairwise(loud) if b - a > SPOKEN_RATE // 5]
    assert len(pauses) == 3
    around = SPOKEN_RATE // 200
    for begin, end in pauses:
        jumps = np.abs(np.diff(samples[begin - around : end + around]))
        assert jumps.max() < 1500


async def test_speed_and_volume_do_what_they_say() -> None:
    async with loaded() as engine:
        voices = [Voice(speed=0.5), Voice(), Voice(speed=2.0), Voice(volume=0.5), Voice(volume=0.0)]
        spoken = [await said(engine, "One two three four five six.", voice=voice) for voice in voices]
    slow, usual, fast, soft, mute = map(samples_of, spoken)
    assert len(slow) > 1.6 * len(usual) > 2.4 * len(fast)
    assert abs(soft).max() == pytest.approx(abs(usual).max() / 2, rel=0.1)
    assert len(mute) == pytest.approx(len(usual), rel=0.01)
    assert abs(mute).max() == 0


ALIKE = 0.1
"""The same voice differs from itself by 0.01 to 0.05, the nearest of the others by 0.19 and more."""


def colour(spoken: list[Speech]) -> NDArray[np.float64]:
    """How loud each of 40 bands is: alike for the same voice, which never makes the same samples twice."""
    spectrum = np.abs(np.fft.rfft(samples_of(spoken)))[:12_000]
    bands = [float(band.mean()) for band in np.array_split(spectrum, 40)]
    return np.log(np.array(bands, dtype=np.float64))


async def difference(engine: EspeakEngine, one: Voice, other: Voice) -> float:
    text = "She asked the farmer for a car"
    a, b = [colour(await said(engine, text, voice=voice)) for voice in (one, other)]
    return float(np.abs(a - b).mean())


@pytest.mark.parametrize(
    "voice",
    [Voice("default"), Voice("en-US"), Voice(language="en"), Voice(language="auto"), Voice("en-us", "en-GB")],
)
async def test_the_default_voice_has_several_names(voice: Voice) -> None:
    async with loaded() as engine:
        assert await difference(engine, Voice(), voice) < ALIKE


@pytest.mark.parametrize(
    "voice",
    [Voice("en-us+f3"), Voice("en-GB+m1"), Voice("en-us+m3"), Voice(language="fr"), Voice("en-us", "de-AT")],
)
async def test_other_voices_sound_different(voice: Voice) -> None:
    async with loaded() as engine:
        assert await difference(engine, Voice(), voice) > ALIKE


@pytest.mark.parametrize(
    ("voice", "names"),
    [
        (Voice(name="nova"), "en-us"),
        (Voice(name="en-us+nobody"), "f3"),
        (Voice(name="en-us+"), "f3"),
        (Voice(language="tlh"), "en-gb"),
        (Voice(name="../../etc/passwd"), "en-us"),
    ],
)
async def test_unknown_voices_are_refused_and_known_ones_named(voice: Voice, names: str) -> None:
    async with loaded() as engine:
        with pytest.raises(Unsupported, match=names):
            engine.check(voice)


@pytest.mark.parametrize(
    "voice", [Voice(speed=0.4), Voice(speed=float("nan")), Voice(volume=2.1), Voice(volume=-1)]
)
async def test_impossible_speeds_and_volumes_are_refused(voice: Voice) -> None:
    async with loaded() as engine:
        with pytest.raises(InvalidArgument, match=r"must be"):
            engine.check(voice)


async def test_a_full_engine_refuses_and_a_closed_reply_frees_at_once() -> None:
    async with loaded(slots=1) as engine:
        first = engine.speak(each(*TEXT), Voice())
        await anext(first)
        with pytest.raises(NoSlot):
            await anext(engine.speak(each("Hi"), Voice()))
        await first.aclose()
        assert engine.running == 0
        assert await said(engine, "Hi")


async def test_cancelling_in_the_middle_of_a_clause_frees_the_slot() -> None:
    async with loaded() as engine:
        task = asyncio.create_task(said(engine, "a lot of words " * 3000))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.running == 0
        async with asyncio.timeout(1):
            assert await said(engine, "Hi")


async def test_it_speaks_again_after_unload_and_load() -> None:
    async with loaded() as engine:
        voices = engine.info.voices
        await engine.unload()
        await engine.unload()
        with pytest.raises(NotReady):
            engine.check(Voice())
        await engine.load()
        assert engine.info.voices == voices
        assert {"default", "en-us", "en-gb", "en-us+f3", "en-us+m3"} <= set(voices)
        assert await said(engine, "Hi", voice=Voice(name="en-gb+f2"))


async def test_odd_texts_are_spoken_or_passed_over() -> None:
    async with loaded() as engine:
        texts = ("…", "", "naïve café", "a\0b", "<speak>hi</speak>", "\ud800", "你好", "[[h@'loU]]")
        assert len([await said(engine, text) for text in texts]) == 8


def test_words_that_the_library_merges_lie_between_their_neighbours() -> None:
    assert word_samples("In the end 3.5 — go", [(0, 0), (7, 300), (11, 400), (12, 450), (17, 500)]) == [
        ("In", 0),
        ("the", 150),
        ("end", 300),
        ("3.5", 400),
        ("go", 500),
    ]
    assert word_samples("a b", []) == [("a", 0), ("b", 0)]
    assert word_samples("", [(0, 5)]) == []


def test_pauses_follow_punctuation() -> None:
    assert pause_ms("So.") > pause_ms("so,") > pause_ms("so") > 0
    assert pause_ms('"So!"') == pause_ms("So.")


def test_long_leading_silence_is_cut_and_word_times_move_with_it() -> None:
    rate = 22_050
    loud = (np.sin(np.arange(rate) / 10) * 8000).astype("<i2")
    pcm = np.concatenate([np.zeros(rate // 2, dtype="<i2"), loud]).tobytes()
    reply = EspeakReply(rate, volume=1.0)
    spoken = reply.add("one two", pcm, [(0, rate // 2), (4, rate)]) + reply.finish()
    starts = [word.start_sample for speech in spoken for word in speech.words]
    assert starts == [pytest.approx(240, abs=3), pytest.approx(240 + SPOKEN_RATE // 2, abs=3)]
    assert len(samples_of(spoken)) == pytest.approx(SPOKEN_RATE * 1.04, abs=30)

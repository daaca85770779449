"""The natural voice out of a wheel: its word times, its manners, and whom it hands on what it cannot say."""

import asyncio
import re
import shutil
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from chassis.faults import InternalFault, InvalidArgument, NotReady, Unsupported
from engine_room.engines import EngineInfo
from engine_room.wheels import WHEELS, fetch
from protos.sound import SPOKEN_RATE
from tts_service.__main__ import make_engine
from tts_service.engine import Speech, Voice, Word
from tts_service.engines import hibari_model
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.fallback import FallbackEngine
from tts_service.engines.hibari import HibariEngine
from tts_service.engines.hibari_model import HibariModel, with_output
from tts_service.settings import TtsSettings

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


async def said(engine: HibariEngine, *clauses: str, voice: Voice = USUAL) -> list[Speech]:
    return [speech async for speech in engine.speak(each(*clauses), voice)]


def samples_of(spoken: list[Speech]) -> NDArray[np.int32]:
    return np.frombuffer(b"".join(speech.pcm for speech in spoken), "<i2").astype(np.int32)


def words_of(spoken: list[Speech]) -> list[Word]:
    return [word for speech in spoken for word in speech.words]


def onsets(samples: NDArray[np.int32], least_pause_s: float) -> list[float]:
    """Where sound begins after a pause of at least this length, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > 250)
    return [int(b) / SPOKEN_RATE for a, b in pairwise(loud) if b - a > least_pause_s * SPOKEN_RATE]


@pytest.fixture(scope="module")
def folder() -> Path:
    return asyncio.run(fetch(WHEELS["hibari"]))


@pytest.fixture(scope="module")
def ready(folder: Path) -> Iterator[HibariEngine]:
    """With espeak behind it, as the service has it."""
    made = HibariEngine(EspeakEngine(), slots=4)
    asyncio.run(made.load())
    yield made
    asyncio.run(made.unload())


@pytest.fixture
def other(ready: HibariEngine, monkeypatch: pytest.MonkeyPatch) -> Other:
    """What stands behind `ready` for one test."""
    other = Other()
    monkeypatch.setattr(ready, "_other", other)
    return other


# ---------------------------------------------------------------------- words


@pytest.mark.parametrize(
    "text",
    [
        "One, two, three, four, five.",
        "Well, John, that is all: take the bus.",
        "Dr. Smith paid $5, then 3 km later, he left.",
        "I said: call 555-0199, please!",
    ],
)
async def test_a_word_after_a_pause_begins_where_its_sound_does(ready: HibariEngine, text: str) -> None:
    spoken = await said(ready, text, "Then it ends.")
    starts = [word.start_sample / SPOKEN_RATE for word in words_of(spoken)]
    assert [word.text for word in words_of(spoken)] == [*text.split(), "Then", "it", "ends."]
    assert starts == sorted(starts)
    found = onsets(samples_of(spoken), least_pause_s=0.1)
    assert found
    for onset in found:
        assert min(abs(start - onset) for start in starts) < 0.06


async def test_words_that_are_read_as_several_keep_their_times(ready: HibariEngine) -> None:
    """Numbers by digits, and by the library's own reading, next to the same in words."""
    pairs = (
        ("Ring 555-0199 now.", "Ring five five five, zero one nine nine now."),
        ("He ran 3 km today.", "He ran three kilometers today."),
    )
    for short, long in pairs:
        one, other = [words_of(await said(ready, text)) for text in (short, long)]
        assert one[-1].text == other[-1].text
        assert one[-1].start_sample == pytest.approx(other[-1].start_sample, abs=SPOKEN_RATE // 4)
        assert [word.text for word in one] == short.split()


async def test_speed_changes_the_length_and_the_word_times_alike(ready: HibariEngine) -> None:
    text = "Yesterday we went to the market and bought apples"
    slow, usual, fast = [await said(ready, text, voice=Voice(speed=speed)) for speed in (0.5, 1.0, 2.0)]
    length = len(samples_of(usual))
    for spoken, factor in ((slow, 2.0), (fast, 0.5)):
        # The model counts in 25 ms, and no phoneme takes less.
        assert len(samples_of(spoken)) == pytest.approx(length * factor, rel=0.2)
        for word, as_usual in zip(words_of(spoken), words_of(usual), strict=True):
            share = word.start_sample / len(samples_of(spoken))
            assert share == pytest.approx(as_usual.start_sample / length, abs=0.07)


async def test_volume_is_a_factor_that_changes_nothing_else(ready: HibariEngine) -> None:
    volumes = (1.0, 0.5, 2.0, 0.0)
    usual, soft, loud, mute = [
        await said(ready, "Hello there.", voice=Voice(volume=volume)) for volume in volumes
    ]
    assert np.abs(samples_of(soft) - samples_of(usual) / 2).max() <= 1
    assert np.abs(samples_of(loud)).max() > 1.5 * np.abs(samples_of(usual)).max() > 10_000
    assert not samples_of(mute).any()
    assert words_of(soft) == words_of(loud) == words_of(mute) == words_of(usual)


async def test_clauses_are_apart_as_their_marks_say(ready: HibariEngine) -> None:
    samples = samples_of(await said(ready, "Now we go.", "Now we go,", "Now we go"))
    loud = np.flatnonzero(np.abs(samples) > 250)
    gaps = sorted((int(b - a) / SPOKEN_RATE for a, b in pairwise(loud)), reverse=True)[:2]
    assert gaps[0] == pytest.approx(0.28, abs=0.1)
    assert gaps[1] == pytest.approx(0.14, abs=0.1)


# ---------------------------------------------------------------------- streaming


async def test_a_clause_is_heard_before_the_next_is_known(ready: HibariEngine) -> None:
    given = asyncio.Event()

    async def slowly() -> AsyncIterator[str]:
        yield "Hello there,"
        await given.wait()
        yield "my friend."

    spoken: list[Speech] = []
    reply = ready.speak(slowly(), USUAL)
    async with asyncio.timeout(5):
        while not words_of(spoken) or words_of(spoken)[-1].text != "there,":
            spoken.append(await anext(reply))
        given.set()
        spoken += [speech async for speech in reply]
    assert [word.text for word in words_of(spoken)] == ["Hello", "there,", "my", "friend."]


async def test_a_closed_reply_stops_in_the_middle_of_a_long_clause(ready: HibariEngine) -> None:
    began = time.perf_counter()
    reply = ready.speak(each("and so on, " * 450), USUAL)
    assert (await anext(reply)).pcm
    await reply.aclose()
    assert ready.running == 0
    task = asyncio.create_task(said(ready, "and so on, " * 450))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ready.running == 0
    assert await said(ready, "Hi.")
    assert time.perf_counter() - began < 3, "all of it takes longer"


async def test_what_fails_while_it_speaks_fails_the_reply_alone(
    ready: HibariEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Hello")

    assert ready._loaded is not None
    with monkeypatch.context() as patch:
        patch.setattr(ready._loaded.model, "speak", broken)
        with pytest.raises(InternalFault, match="hibari failed: ValueError"):
            await said(ready, "Hello")
    assert ready.running == 0
    assert await said(ready, "Hello")


# ---------------------------------------------------------------------- the other voice


@pytest.mark.parametrize(
    "voice",
    [
        Voice("default"),
        Voice("Heart"),
        *(Voice(language=tag) for tag in ("en", "EN", "en_US", "en-GB", "auto")),
    ],
)
async def test_english_in_its_own_voice_is_its_own(ready: HibariEngine, other: Other, voice: Voice) -> None:
    ready.check(voice)
    assert np.array_equal(
        samples_of(await said(ready, "Hello", voice=voice)), samples_of(await said(ready, "Hello"))
    )
    assert other.asked == []


@pytest.mark.parametrize(
    ("voice", "asked"),
    [
        (OTHERS, OTHERS),
        (Voice("en-gb+f3", "en"), Voice("en-gb+f3", "en")),
        (Voice(language="fr"), Voice(language="fr")),
        (Voice("default", "fr-FR", 1.5, 0.5), Voice("", "fr-FR", 1.5, 0.5)),
        (Voice("heart", "de"), Voice("", "de")),
    ],
)
async def test_other_languages_and_voices_are_the_others(
    ready: HibariEngine, other: Other, voice: Voice, asked: Voice
) -> None:
    ready.check(voice)
    spoken = await said(ready, "Bonjour.", "Salut!", voice=voice)
    assert other.asked == [(asked, "Bonjour."), (asked, "Salut!")]
    assert set(samples_of(spoken)) == {other.loudness}


async def test_another_script_amid_english_is_the_others_and_words_go_on_after_it(
    ready: HibariEngine, other: Other
) -> None:
    voice = Voice(speed=1.5)
    spoken = await said(ready, "Say:", "你好。", "and smile, мир.", voice=voice)
    assert other.asked == [(replace(voice, language="zh"), "你好。")]
    assert [word.text for word in words_of(spoken)] == ["Say:", "你好。", "and", "smile,", "мир."]
    begin = int(np.flatnonzero(samples_of(spoken) == other.loudness)[0])
    starts = {word.text: word.start_sample for word in words_of(spoken)}
    assert starts["你好。"] == begin
    assert starts["and"] == begin + SPOKEN_RATE // 10


async def test_what_it_cannot_read_is_the_others(
    ready: HibariEngine, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise LookupError

    assert ready._loaded is not None
    monkeypatch.setattr(ready._loaded.model, "read", broken)
    assert words_of(await said(ready, "Hello there.")) == [Word("Hello there.", 0)]
    assert other.asked == [(Voice(language="en"), "Hello there.")]


async def test_what_is_offered_is_both_engines_its_own_voice_first(ready: HibariEngine) -> None:
    info = ready.info
    assert info.voices[:2] == ("default", "heart")
    assert {"en-gb+f3", "en-us"} <= set(info.voices)
    assert info.languages[0] == "en"
    assert {"fr-fr", "de", "zh"} <= set(info.languages)
    assert len(set(info.voices)) == len(info.voices)
    assert len(set(info.languages)) == len(info.languages)


@pytest.mark.parametrize("voice", [Voice("nova"), Voice(language="tlh"), Voice("heart", "tlh")])
async def test_an_unknown_voice_is_refused_with_the_known_ones(ready: HibariEngine, voice: Voice) -> None:
    with pytest.raises(Unsupported, match=r"heart.*en-gb\+f3"):
        ready.check(voice)


@pytest.mark.parametrize("voice", [Voice(speed=0.4), Voice(volume=2.1), replace(OTHERS, speed=3.0)])
async def test_impossible_speeds_and_volumes_are_refused(ready: HibariEngine, voice: Voice) -> None:
    with pytest.raises(InvalidArgument, match="must be"):
        ready.check(voice)


# ---------------------------------------------------------------------- odd texts

ODD = (
    "🙂🙂",
    "\x07\x1b[31m",
    "\ud800",
    "[[h@'loU]] [a](/b/) ](",
    "x" * 200,
    "…",
    "'’'’ - _ ² \u0301",
    "مرحبا",
    "a\0b",
    "9" * 200,
    "1,000," * 33,
    "AbCdEfGh" * 20,
    "http://a.b/c?d=e&f=g#h",
    "½ ¾ Ⅷ ⅓ ① ٣ 二",
    "Ça naïve coöperation, mañana über straße",
    "你好 hello Привет 123 שלום",
)


async def test_odd_texts_are_spoken_as_far_as_they_can_be(ready: HibariEngine) -> None:
    for odd in ODD:
        spoken = await said(ready, odd, "Hello.")
        assert words_of(spoken)[-1].text == "Hello.", odd
        starts = [word.start_sample for word in words_of(spoken)]
        assert starts == sorted(starts), odd


async def test_a_long_text_without_a_stop_is_spoken_whole(ready: HibariEngine) -> None:
    text = " ".join(["wonderful", "people"] * 150)
    words = words_of(await said(ready, text, voice=Voice(speed=2.0)))
    assert [word.text for word in words] == text.split()
    assert all(one.start_sample < two.start_sample for one, two in pairwise(words))


# ---------------------------------------------------------------------- the pinned model


def test_the_durations_inside_the_model_add_up_to_its_sound(folder: Path) -> None:
    model = HibariModel(folder)
    for speed in (0.5, 0.77, 1.0, 1.3, 2.0):
        phonemes = "həlˈO ðˈɛɹ, mI fɹˈɛnd."
        samples, starts = model.speak(phonemes, speed)
        assert len(starts) == len(phonemes) + 1
        assert starts == sorted(starts)
        assert 0 < starts[0] < starts[-1] < len(samples)
    model.unload()


@pytest.mark.parametrize(
    ("name", "value"), [("FRAMES_PER_DURATION", 3), ("SPECTRA", 4), ("DURATIONS", "/Clip_output_1")]
)
def test_a_model_with_other_insides_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    monkeypatch.setattr(hibari_model, name, value)
    with pytest.raises((InternalFault, NotReady), match=r"hibari-tts 0\.2\.1"):
        HibariModel(folder)


def test_an_output_is_added_to_a_model_as_one_more_field() -> None:
    assert with_output(b"model", "/a") == b"model" + bytes.fromhex(
        "3a0c620a0a022f611204 0a020801".replace(" ", "")
    )


def test_the_package_is_imported_where_it_stands_in_nobodys_way(ready: HibariEngine, folder: Path) -> None:
    assert "hibari" not in sys.modules
    assert not any(str(folder) in entry for entry in sys.path)


# ---------------------------------------------------------------------- without it


def service_engine(weights: Path) -> FallbackEngine:
    engine = make_engine(TtsSettings(tts_engine="hibari", weights_dir=str(weights)))
    assert isinstance(engine, FallbackEngine)
    return engine


async def check_it_speaks(engine: FallbackEngine) -> None:
    await engine.load()
    try:
        assert engine.info.name == "espeak"
        assert re.match(r"hibari could not start: hibari-tts 0\.2\.1.* cannot be ", engine.info.fallback)
        for voice in (USUAL, Voice("heart"), OTHERS, Voice(language="fr")):
            engine.check(voice)
            assert [speech async for speech in engine.speak(each("Hello."), voice)]
        with pytest.raises(Unsupported):
            engine.check(Voice("nova"))
    finally:
        await engine.unload()


async def test_without_a_way_to_fetch_it_espeak_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    await check_it_speaks(service_engine(tmp_path))


async def test_with_a_broken_file_of_it_espeak_speaks_and_with_a_whole_one_it_does(
    tmp_path: Path, folder: Path
) -> None:
    place = shutil.copytree(folder, WHEELS["hibari"].place(tmp_path))
    model = place / "hibari/assets/hibari.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[:100_000])
    engine = service_engine(tmp_path)
    await check_it_speaks(engine)
    model.write_bytes(whole)
    await engine.load()
    assert (engine.info.name, engine.info.fallback) == ("hibari", "")
    await engine.unload()


async def test_without_its_library_what_to_install_is_said(
    ready: HibariEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tts_service.engines.hibari_model")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotReady, match=r"onnxruntime, which is not installed: pip install -e '\.\[hibari\]'"):
        await HibariEngine(Other()).load()

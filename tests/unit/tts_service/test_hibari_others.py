"""Whom the natural voice hands on what it cannot say; what it makes of odd texts; who stands in for it."""

import re
import shutil
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chassis.faults import InvalidArgument, NotReady, Unsupported
from engine_room.wheels import WHEELS
from protos.sound import SPOKEN_RATE
from tests.unit.tts_service.hibari_replies import OTHERS, USUAL, Other, each, said, samples_of, words_of
from tts_service.__main__ import make_engine
from tts_service.engine import Voice, Word
from tts_service.engines.fallback import FallbackEngine
from tts_service.engines.hibari import HibariEngine
from tts_service.settings import TtsSettings
from tts_service.text.scripts import LANGUAGES

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


async def test_espeak_speaks_the_language_of_every_script_that_is_known(ready: HibariEngine) -> None:
    for language in set(LANGUAGES.values()):
        ready.check(Voice(language=language))


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

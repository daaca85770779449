"""The embedded ear with its real weights, hearing the embedded voices."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from chassis.faults import NotReady, Unsupported
from engine_room.wheels import WHEELS, fetch
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, SttStream
from stt_service.engines import moonshine_graph, moonshine_model
from stt_service.engines.by_utterance import UtteranceStream
from stt_service.engines.moonshine import MoonshineEngine
from stt_service.engines.moonshine_model import MoonshineWeights
from stt_service.engines.moonshine_reading import Reading
from stt_service.engines.utterance import Segment
from tests.support.spoken import silence, speech
from tests.support.words import plain, word_error_rate

FRAME_BYTES = 640
SENTENCE = "I would like a cup of tea and some bread, please."


@pytest.fixture(scope="module")
def weights() -> MoonshineWeights:
    return MoonshineWeights(asyncio.run(fetch(WHEELS["moonshine"])), slots=2)


def hear(weights: MoonshineWeights, pcm: bytes) -> str:
    segments = weights.transcribe(pcm, "en", threading.Event(), with_words=False, draft=())
    return " ".join(segment.text for segment in segments if segment.text)


async def feed(stream: SttStream, audio: bytes) -> list[str]:
    """As fast as it is understood: what is being transcribed is waited for, however slow the machine is."""
    assert isinstance(stream, UtteranceStream)
    partials = []
    for begin in range(0, len(audio), FRAME_BYTES):
        for output in await stream.feed(audio[begin : begin + FRAME_BYTES]):
            assert isinstance(output, Hypothesis)
            partials.append(output.text)
        await asyncio.sleep(0.001)
        while stream._job is not None and not stream._job.answer.done():
            await asyncio.sleep(0.001)
    return partials


def test_a_sentence_is_heard_word_for_word(weights: MoonshineWeights) -> None:
    assert plain(hear(weights, silence(0.3) + speech(SENTENCE) + silence(0.6))) == plain(SENTENCE)


@pytest.mark.parametrize("cut_s", [0.5, 1.0, 1.5, 2.0, 2.5, 10])
def test_what_was_heard_of_the_beginning_makes_the_whole_no_other(
    weights: MoonshineWeights, monkeypatch: pytest.MonkeyPatch, cut_s: float
) -> None:
    """Its last words were cut off in the middle, so the draft is wrong in its end."""
    steps: list[int] = []
    step = MoonshineWeights._step

    def counted(self: MoonshineWeights, reading: Reading) -> dict[str, Any]:
        steps.append(len(reading.tokens))
        return step(self, reading)

    monkeypatch.setattr(MoonshineWeights, "_step", counted)
    pcm = silence(0.3) + speech(SENTENCE) + silence(0.6)
    (alone,) = weights.transcribe(pcm, "en", threading.Event(), with_words=True, draft=())
    first, steps[:] = len(steps), []
    draft = weights.transcribe(pcm[: 2 * int(cut_s * HEARD_RATE)], "en", threading.Event(), False, draft=())
    del steps[:]
    (drafted,) = weights.transcribe(pcm, "en", threading.Event(), with_words=True, draft=draft)
    assert drafted.text == alone.text
    assert len(steps) < first if cut_s > 1 else len(steps) <= first
    for (word, sample), (same, at) in zip(drafted.words, alone.words, strict=True):
        assert word == same
        assert abs(sample - at) < 0.1 * HEARD_RATE


def test_a_draft_of_something_else_costs_a_step_and_changes_nothing(weights: MoonshineWeights) -> None:
    pcm = silence(0.3) + speech(SENTENCE) + silence(0.6)
    wrong = weights.transcribe(
        speech("Every morning I go to work."), "en", threading.Event(), False, draft=()
    )
    (drafted,) = weights.transcribe(pcm, "en", threading.Event(), with_words=True, draft=wrong)
    assert drafted.text == hear(weights, pcm)


def test_words_begin_where_the_voice_begins_them(weights: MoonshineWeights) -> None:
    """Three words with a second of silence between them."""
    pcm, begins = silence(0.5), []
    for word in ("Monday", "Tuesday", "Friday"):
        begins.append(len(pcm) // 2)
        pcm += speech(word) + silence(1)
    (segment,) = weights.transcribe(pcm, "en", threading.Event(), with_words=True, draft=())
    assert [plain(text)[0] for text, _ in segment.words] == ["monday", "tuesday", "friday"]
    for (_, sample), begin in zip(segment.words, begins, strict=True):
        assert abs(sample - begin) < 0.25 * HEARD_RATE


def test_an_onnxruntime_that_writes_another_graph_hears_without_times(
    weights: MoonshineWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moonshine_graph, "LAYERS", (7,))
    with patch.object(moonshine_model.log, "warning") as warned:
        other = MoonshineWeights(WHEELS["moonshine"].place(""), slots=2)
    warned.assert_called_once()
    pcm = silence(0.3) + speech(SENTENCE) + silence(0.6)
    (segment,) = other.transcribe(pcm, "en", threading.Event(), with_words=True, draft=())
    assert segment.words == ()
    assert segment.text == hear(weights, pcm)


def test_silence_noise_and_clicks_are_no_words(weights: MoonshineWeights) -> None:
    dice = np.random.default_rng(11)
    for number in range(30):
        count = int(dice.integers(6_000, 50_000))
        times = np.arange(count) / HEARD_RATE
        made = (
            np.zeros(count),
            dice.standard_normal(count),
            dice.standard_normal(count) * np.exp(-times / dice.uniform(0.02, 0.3)),
        )[number % 3]
        level = np.sqrt(np.mean(made**2)) or 1.0
        pcm = np.clip(made / level * 0.05 * 32767, -32768, 32767).astype("<i2").tobytes()
        assert len(hear(weights, pcm).split()) <= 1


@pytest.mark.parametrize("samples", [0, 1, 100, 1_599, 1_600, 3_000])
def test_next_to_nothing_is_nothing(weights: MoonshineWeights, samples: int) -> None:
    assert hear(weights, bytes(2 * samples)) == ""


def test_a_cancelled_one_ends_soon(weights: MoonshineWeights) -> None:
    cancelled = threading.Event()
    cancelled.set()
    began = time.thread_time()
    assert weights.transcribe(speech(SENTENCE) * 20, "en", cancelled, with_words=False, draft=()) == []
    assert time.thread_time() - began < 0.5


async def test_a_monologue_is_committed_on_the_way_and_all_of_it_arrives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The final has only the latest seconds left to do."""
    heard_s: list[float] = []
    transcribe = MoonshineWeights.transcribe

    def watched(self: MoonshineWeights, pcm: bytes, *given: Any) -> list[Segment]:
        heard_s.append(len(pcm) / 2 / HEARD_RATE)
        return transcribe(self, pcm, *given)

    monkeypatch.setattr(MoonshineWeights, "transcribe", watched)
    engine = MoonshineEngine(slots=1)
    await engine.load()
    told = (SENTENCE, "Every morning I go to work.", "We play football on Sunday.")
    sentences = [told[number % 3] for number in range(16)]
    minutes = b"".join(speech(sentence) + silence(0.5) for sentence in sentences)
    assert len(minutes) > 35 * 2 * HEARD_RATE
    stream = engine.open(ListenOptions("en"))
    partials = await feed(stream, minutes)
    final = await stream.finish()
    await stream.close()
    await engine.unload()
    assert word_error_rate(" ".join(sentences), final.text) < 0.1
    assert len(partials) > 5
    assert heard_s[-1] < 20
    assert len(final.words) == len(final.text.split())


@pytest.mark.parametrize("language", ["en", "EN", "en_US", "en-GB", "auto", ""])
async def test_english_in_any_spelling_and_unsaid_ones_are_known(language: str) -> None:
    with pytest.raises(NotReady):
        MoonshineEngine().open(ListenOptions(language))


async def test_other_languages_are_refused_with_who_hears_them(tmp_path: Path) -> None:
    engine = MoonshineEngine(slots=1)
    await engine.load()
    with pytest.raises(Unsupported, match=r"understands en, not 'de'.*PROFILE=cpu.*typed text"):
        engine.open(ListenOptions("de"))
    for spelling in ("en", "EN", "en_US", "en-GB", "auto", ""):
        await engine.open(ListenOptions(spelling)).close()
    await engine.unload()


async def test_weights_that_are_broken_say_so_and_how_to_have_them_again(tmp_path: Path) -> None:
    files = WHEELS["moonshine"].place(tmp_path) / moonshine_model.FILES
    files.mkdir(parents=True)
    for name in ("tokenizer.bin", "encoder_model.ort", "decoder_model_merged.ort"):
        (files / name).write_bytes(b"\x01a")
    with pytest.raises(NotReady, match=r"moonshine cannot be read: .*delete '.*' and it is fetched again"):
        await MoonshineEngine(weights_dir=str(tmp_path)).load()

"""The natural voice out of a wheel: its word times, its sound, its manners, and the model that is pinned."""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chassis.faults import InternalFault, NotReady
from protos.sound import SPOKEN_RATE
from tests.unit.tts_service.hibari_replies import (
    USUAL,
    each,
    onsets,
    said,
    samples_of,
    words_of,
)
from tts_service.engine import Speech, Voice
from tts_service.engines import hibari_model
from tts_service.engines.hibari import HibariEngine
from tts_service.engines.hibari_model import HibariModel, with_output

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


def test_the_collector_passes_over_its_word_lists_and_unloaded_they_go(folder: Path) -> None:
    model = HibariModel(folder)
    lists = model._reader.tagger.weights
    assert len(lists) > 10_000
    assert all(watched is not lists for watched in gc.get_objects())
    holders = sys.getrefcount(lists)
    model.unload()
    assert sys.getrefcount(lists) < holders


def test_the_package_is_imported_where_it_stands_in_nobodys_way(ready: HibariEngine, folder: Path) -> None:
    assert "hibari" not in sys.modules
    assert not any(str(folder) in entry for entry in sys.path)

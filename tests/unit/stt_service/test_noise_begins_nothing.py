"""Two hundred pieces of noise through all that stands before a turn, the real ear included."""

from collections.abc import AsyncIterator

import pytest

from stt_service.engine import ListenOptions
from stt_service.engines.moonshine import MoonshineEngine
from tests.support.hearing import Hearing
from tests.support.noises import noises
from tests.support.spoken import silence, speech
from tests.support.words import plain

PIECES = 200
SPEED = 1000
"""Nearly all of it is not even heard by the ear."""
LAST_WORDS = ("I will do it tomorrow.", "What day is it today?", "I am very happy today.")
"""Their last words were written otherwise where no silence followed."""


@pytest.fixture
async def hearing() -> AsyncIterator[Hearing]:
    engine = MoonshineEngine(slots=1)
    await engine.load()
    stream = engine.open(ListenOptions("en"))
    yield Hearing(stream)
    await stream.close()
    await engine.unload()


async def test_no_piece_of_noise_is_taken_for_words(hearing: Hearing) -> None:
    heard = {}
    for name, pcm in noises(PIECES, seed=4):
        heard[name] = await hearing.hear(pcm + silence(1.5), SPEED)
    assert {name: texts for name, texts in heard.items() if texts} == {}


async def test_speech_among_them_is(hearing: Hearing) -> None:
    for _, pcm in noises(3, seed=5):
        assert not await hearing.hear(pcm + silence(1), SPEED)
        (text,) = await hearing.hear(speech("I want to go home.") + silence(1))
        assert plain(text) == ["i", "want", "to", "go", "home"]


@pytest.mark.parametrize("sentence", LAST_WORDS)
async def test_what_is_heard_in_a_lull_is_as_right_as_at_the_end(hearing: Hearing, sentence: str) -> None:
    (text,) = await hearing.hear(silence(0.5) + speech(sentence) + silence(1))
    assert plain(text) == plain(sentence)

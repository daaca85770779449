"""Speech that was set back is told from speech that merely sounds alike."""

import numpy as np
import pytest

from cli.rehearsal.line import FRAME
from cli.rehearsal.repeats import is_repeated
from tests.support.spoken import speech

SAID = "Well well well, I do like to be beside the seaside, and I do like to sit in the sun."
GAP = 25


def held(at: int, back: int) -> tuple[np.ndarray, np.ndarray]:
    """Speech that was held before frame `at` and set back by `back`; of each frame, if it sounds."""
    whole = np.frombuffer(speech(SAID), "<i2")
    frames = whole[: len(whole) // FRAME * FRAME].reshape(-1, FRAME)
    silence = np.zeros((GAP, FRAME), np.int16)
    heard = np.concatenate([frames[:at], silence, frames[at - back :]])
    sounds = np.ones(len(heard), bool)
    sounds[at : at + GAP] = False
    return heard.reshape(-1), sounds


@pytest.mark.parametrize("at", range(30, 180, 10))
def test_speech_that_goes_on_from_the_sample_is_not_repeated(at: int) -> None:
    assert not is_repeated(*held(at, 0))


@pytest.mark.parametrize("back", [10, 15, 40])
@pytest.mark.parametrize("at", [60, 90, 120])
def test_speech_that_goes_on_from_before_is(at: int, back: int) -> None:
    assert is_repeated(*held(at, back))


def test_what_was_never_held_is_not_looked_at() -> None:
    heard, sounds = held(60, 40)
    assert not is_repeated(heard, np.ones_like(sounds))
    assert not is_repeated(heard, np.zeros_like(sounds))

"""Where a long recording is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.sound import HEARD_RATE
from stt_service.engines.pauses import LONGEST, SHORTEST, WHOLE, Samples, cut_at_pauses, first_sound

DICE = np.random.default_rng(5)


def loud(seconds: float, level: float = 0.1) -> Samples:
    return (DICE.standard_normal(round(seconds * HEARD_RATE)) * level).astype(np.float32)


def pause(seconds: float) -> Samples:
    return loud(seconds, 0.0005)


@pytest.mark.parametrize("seconds", [0, 0.01, 3, 8])
def test_what_is_short_stays_whole(seconds: float) -> None:
    assert cut_at_pauses(loud(seconds)) == [round(seconds * HEARD_RATE)]


def test_a_long_one_is_cut_in_the_middle_of_its_longest_pause() -> None:
    samples = np.concatenate([loud(3.5), pause(0.25), loud(2), pause(0.6), loud(5)])
    cut, end = cut_at_pauses(samples)
    assert abs(cut / HEARD_RATE - (3.5 + 0.25 + 2 + 0.3)) < 0.05
    assert end == len(samples)


def test_without_a_pause_it_is_cut_where_it_is_quietest() -> None:
    samples = np.concatenate([loud(7), loud(0.3, 0.03), loud(5)])
    cut = cut_at_pauses(samples)[0]
    assert 7 <= cut / HEARD_RATE <= 7.3


def test_pauses_are_judged_by_the_speakers_own_level() -> None:
    quiet = np.concatenate([loud(5, 0.004), loud(0.5, 0.0002), loud(5, 0.004)])
    assert 5 <= cut_at_pauses(quiet)[0] / HEARD_RATE <= 5.5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 12), st.floats(0, 0.3)), min_size=1, max_size=8))
def test_pieces_are_in_order_whole_and_bounded(parts: list[tuple[float, float]]) -> None:
    samples = np.concatenate([loud(seconds, level) for seconds, level in parts])
    ends = cut_at_pauses(samples)
    pieces = [end - begin for begin, end in pairwise([0, *ends])]
    assert ends[-1] == len(samples)
    assert all(SHORTEST <= piece <= LONGEST for piece in pieces[:-1])
    assert pieces[-1] <= WHOLE


@pytest.mark.parametrize("before_s", [0, 0.4, 2])
def test_the_first_sound_is_found_behind_a_pause(before_s: float) -> None:
    samples = np.concatenate([pause(before_s), loud(2)])
    assert abs(first_sound(samples) / HEARD_RATE - before_s) < 0.03


def test_where_there_is_no_sound_it_is_at_the_beginning() -> None:
    assert first_sound(np.zeros(0, dtype=np.float32)) == first_sound(np.zeros(9000, dtype=np.float32)) == 0

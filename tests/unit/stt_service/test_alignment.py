"""From what a decoder looked at to when each token was said."""

import numpy as np
import pytest

from stt_service.engines.alignment import Attention, first_frames


def looking(*stretches: tuple[int, int], frames: int = 40) -> Attention:
    """A row for each stretch of frames that a token looked at, with a little everywhere."""
    attention = np.full((len(stretches), frames), 0.01, dtype=np.float32)
    for row, (begin, end) in enumerate(stretches):
        attention[row, begin:end] = 1.0
    return attention


def test_each_token_begins_where_it_is_looked_at() -> None:
    assert first_frames(looking((5, 10), (10, 22), (22, 30), (30, 40))) == [0, 10, 22, 30]


def test_a_glance_back_does_not_turn_the_order() -> None:
    attention = looking((0, 10), (10, 20), (20, 40))
    attention[2, 2:4] = 1.5
    assert first_frames(attention) == [0, 10, 20]


def test_one_token_alone() -> None:
    assert first_frames(looking((7, 12))) == [0]


@pytest.mark.parametrize("tokens", [40, 41, 90])
def test_more_tokens_than_frames_are_spread(tokens: int) -> None:
    starts = first_frames(np.ones((tokens, 40), dtype=np.float32))
    assert len(starts) == tokens
    assert starts == sorted(starts)
    assert 0 <= starts[0] <= starts[-1] < 40


def test_any_attention_gives_an_order_within_the_sound() -> None:
    dice = np.random.default_rng(3)
    for _ in range(50):
        tokens, frames = int(dice.integers(1, 30)), int(dice.integers(30, 200))
        starts = first_frames(dice.random((tokens, frames), dtype=np.float32))
        assert starts == sorted(starts)
        assert 0 <= starts[0] <= starts[-1] < frames

"""Kyutai's recogniser in a batch: each slot writes what it would alone, whatever the others hear."""

from pathlib import Path

import numpy as np
import pytest

from stt_service.engines.moshi_frames import FRAME_SAMPLES, Frame
from stt_service.engines.moshi_model import MoshiModel, load

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
SLOTS, FRAMES = 4, 20


def sound(seed: int, count: int = FRAMES) -> list[Frame]:
    generator = np.random.default_rng(seed)
    return [(generator.standard_normal(FRAME_SAMPLES) * 0.3).astype(np.float32) for _ in range(count)]


@pytest.fixture(scope="module")
def model(stt_checkpoint: Path) -> MoshiModel:
    loaded = load(str(stt_checkpoint), SLOTS, "cpu", "auto").model
    assert isinstance(loaded, MoshiModel)
    return loaded


def alone(model: MoshiModel, frames: list[Frame], slot: int = 0) -> list[int]:
    """What a slot writes when nobody else is there."""
    model.reset([slot])
    return [model.step({slot: frame})[slot].token for frame in frames]


def test_different_sounds_are_different_tokens(model: MoshiModel) -> None:
    assert len({tuple(alone(model, sound(seed))) for seed in range(4)}) > 1
    assert len(set(alone(model, sound(1)))) > 1


def test_streams_out_of_step_write_what_each_writes_alone(model: MoshiModel) -> None:
    """One begins at once, one later, one stalls in the middle, one is admitted midway."""
    sounds = [sound(seed) for seed in range(SLOTS)]
    wanted = [alone(model, frames, slot) for slot, frames in enumerate(sounds)]
    model.reset(range(SLOTS))
    written: list[list[int]] = [[] for _ in range(SLOTS)]
    for tick in range(4 * FRAMES):
        frames = {}
        for slot in range(SLOTS):
            begins = {0: 0, 1: 3, 2: 0, 3: 11}[slot]
            stalls = slot == 2 and 5 <= tick < 14
            if tick >= begins and not stalls and len(written[slot]) < FRAMES:
                frames[slot] = sounds[slot][len(written[slot])]
        if tick == 11:
            model.reset([3])
        if not frames:
            break
        for slot, heard in model.step(frames).items():
            written[slot].append(heard.token)
    assert written == wanted


def test_a_slots_successor_hears_nothing_of_it(model: MoshiModel) -> None:
    wanted = alone(model, sound(7), slot=2)
    model.reset(range(SLOTS))
    for frame in sound(8, 9):
        model.step({0: frame, 2: frame})
    model.reset([2])
    other = sound(9)
    written = [model.step({0: other[n], 2: frame})[2].token for n, frame in enumerate(sound(7))]
    assert written == wanted


def test_a_neighbour_does_not_notice_a_reset(model: MoshiModel) -> None:
    wanted = alone(model, sound(3), slot=1)
    model.reset([1])
    written = []
    for number, frame in enumerate(sound(3)):
        if number in (4, 9):
            model.reset([0, 2, 3])
        written.append(model.step({1: frame})[1].token)
    assert written == wanted


def test_pauses_are_probabilities(model: MoshiModel) -> None:
    heard = [model.step({0: frame})[0].pause for frame in sound(5)]
    assert all(pause is not None and 0 <= pause <= 1 for pause in heard)

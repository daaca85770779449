"""Kyutai's recogniser in a batch: each slot writes what it would alone, whatever the others hear."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from stt_service.engines.moshi_frames import FRAME_SAMPLES, Frame
from stt_service.engines.moshi_model import MoshiModel, load
from stt_service.engines.moshi_options import MoshiOptions
from stt_service.engines.moshi_reset import states_of
from stt_service.engines.moshi_slots import Mask
from tests.kyutai.tiny_kyutai import make_stt

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
SLOTS, FRAMES = 4, 20


def sound(seed: int, count: int = FRAMES) -> list[Frame]:
    generator = np.random.default_rng(seed)
    return [(generator.standard_normal(FRAME_SAMPLES) * 6000).astype(np.int16) for _ in range(count)]


@pytest.fixture(scope="module")
def model(stt_checkpoint: Path) -> MoshiModel:
    loaded = load(MoshiOptions(str(stt_checkpoint), SLOTS, "cpu", temperature=0)).model
    assert isinstance(loaded, MoshiModel)
    return loaded


def mask(*slots: int) -> Mask:
    return np.isin(np.arange(SLOTS), slots)


def step(model: MoshiModel, frames: Mapping[int, Frame]) -> dict[int, int]:
    """What each of these slots writes."""
    for slot, frame in frames.items():
        model.audio[slot] = frame
    heard = model.step(mask(*frames))
    return {slot: int(heard.tokens[slot]) for slot in frames}


def alone(model: MoshiModel, frames: list[Frame], slot: int = 0) -> list[int]:
    """What a slot writes when nobody else is there."""
    model.reset(mask(slot))
    return [step(model, {slot: frame})[slot] for frame in frames]


def test_different_sounds_are_different_tokens(model: MoshiModel) -> None:
    assert len({tuple(alone(model, sound(seed))) for seed in range(4)}) > 1
    assert len(set(alone(model, sound(1)))) > 1


def test_streams_out_of_step_write_what_each_writes_alone(model: MoshiModel) -> None:
    """One begins at once, one later, one stalls in the middle, one is admitted midway."""
    sounds = [sound(seed) for seed in range(SLOTS)]
    wanted = [alone(model, frames, slot) for slot, frames in enumerate(sounds)]
    model.reset(mask(*range(SLOTS)))
    written: list[list[int]] = [[] for _ in range(SLOTS)]
    for tick in range(4 * FRAMES):
        frames = {}
        for slot in range(SLOTS):
            begins = {0: 0, 1: 3, 2: 0, 3: 11}[slot]
            stalls = slot == 2 and 5 <= tick < 14
            if tick >= begins and not stalls and len(written[slot]) < FRAMES:
                frames[slot] = sounds[slot][len(written[slot])]
        if tick == 11:
            model.reset(mask(3))
        if not frames:
            break
        for slot, token in step(model, frames).items():
            written[slot].append(token)
    assert written == wanted


def test_a_slots_successor_hears_nothing_of_it(model: MoshiModel) -> None:
    wanted = alone(model, sound(7), slot=2)
    model.reset(mask(*range(SLOTS)))
    for frame in sound(8, 9):
        step(model, {0: frame, 2: frame})
    model.reset(mask(2))
    other = sound(9)
    written = [step(model, {0: other[n], 2: frame})[2] for n, frame in enumerate(sound(7))]
    assert written == wanted


def test_a_neighbour_does_not_notice_a_reset(model: MoshiModel) -> None:
    wanted = alone(model, sound(3), slot=1)
    model.reset(mask(1))
    written = []
    for number, frame in enumerate(sound(3)):
        if number in (4, 9):
            model.reset(mask(0, 2, 3))
        written.append(step(model, {1: frame})[1])
    assert written == wanted


def test_pauses_are_probabilities(model: MoshiModel) -> None:
    assert model.has_pauses
    for frame in sound(5):
        model.audio[0] = frame
        heard = model.step(mask(0))
        assert heard.pauses is not None
        assert 0 <= heard.pauses[0] <= 1


def test_what_the_recorded_reset_writes_stays_where_it_is(model: MoshiModel) -> None:
    """A graph goes on writing to the memory that it was recorded with."""

    def places() -> list[int]:
        values = (value for state in model._reset.kept for value in vars(state).values())
        return [value.data_ptr() for value in values if isinstance(value, torch.Tensor)]

    before = places()
    assert len(before) > 20
    alone(model, sound(1))
    assert places() == before


def test_every_state_is_reset(model: MoshiModel) -> None:
    """Those of the recorded reset, and those beside it, are all that there are."""
    reset = [*model._reset.kept, *model._reset._replaced, model._reset._offsets]
    everything = [*states_of(model._mimi), *states_of(model._generator)]
    assert {id(state) for state in reset} == {id(state) for state in everything}


def test_the_half_of_the_codec_that_speaks_is_gone(model: MoshiModel) -> None:
    names = {name.partition(".")[0] for name, _ in model._mimi.named_parameters()}
    assert {"encoder", "quantizer"} <= names
    assert not names & {"decoder", "decoder_transformer", "upsample"}


@pytest.mark.parametrize("pauses", [True, False])
def test_the_weights_say_whether_it_predicts_pauses(tmp_path: Path, pauses: bool) -> None:
    """Kyutai's weights and configurations are published in more than one repository."""
    folder = make_stt(tmp_path, pauses)
    config = json.loads((folder / "config.json").read_text())
    config.pop("extra_heads_num_heads", None)
    (folder / "config.json").write_text(json.dumps(config))
    loaded = load(MoshiOptions(str(folder), 1, "cpu"))
    assert loaded.model.has_pauses is pauses


def test_a_prefix_is_never_shorter_than_the_checkpoint_says(tmp_path: Path) -> None:
    folder = make_stt(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["stt_config"] = {"audio_delay_seconds": 2.5, "audio_silence_prefix_seconds": 1.0}
    (folder / "config.json").write_text(json.dumps(config))
    manner = load(MoshiOptions(str(folder), 1, "cpu")).manner
    assert (manner.prefix_frames, manner.delay_frames) == (13, 31)


def test_chance_is_drawn_only_where_it_is_wanted(stt_checkpoint: Path) -> None:
    def write(temperature: float) -> list[int]:
        loaded = load(MoshiOptions(str(stt_checkpoint), SLOTS, "cpu", temperature=temperature)).model
        assert isinstance(loaded, MoshiModel)
        return alone(loaded, sound(1, 40))

    assert write(0) == write(0)
    assert write(2.0) != write(2.0)

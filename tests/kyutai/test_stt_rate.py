"""From 16 to 24 kHz as the model hears it: nothing is lost or added, no frame's edge can be heard."""

import numpy as np
import pytest
import soxr
import torch

from protos.sound import HEARD_RATE
from stt_service.engines.moshi_frames import FRAME_SAMPLES, Framer
from stt_service.engines.moshi_rate import MODEL_RATE, MODEL_SAMPLES, REACH, Rate

CPU = torch.device("cpu")
ALL = torch.tensor([True])
LATE = REACH * MODEL_RATE // HEARD_RATE


def resampled(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray:
    """A frame at a time, as it comes."""
    rate, framer = Rate(1, CPU), Framer()
    frames = framer.feed(np.round(samples).astype("<i2").tobytes()) + framer.finish()
    made = [rate(torch.from_numpy(frame.astype(np.float32))[None], ALL)[0, 0].numpy() for frame in frames]
    return np.concatenate(made)[LATE:]


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(np.arange(round(seconds * HEARD_RATE)) * 2 * np.pi * hertz / HEARD_RATE) * 16_000


@pytest.mark.parametrize("hertz", [80, 440, 1_000, 3_000, 6_000, 6_800])
def test_a_tone_is_the_same_tone_without_clicks_at_any_frames_edge(hertz: float) -> None:
    made = resampled(tone(hertz))[200:20_000]
    wanted = np.sin((np.arange(len(made)) + 200) * 2 * np.pi * hertz / MODEL_RATE) * 16_000 / 32768
    assert np.abs(made - wanted).max() < 1e-3 * np.abs(wanted).max()


def test_nothing_is_mirrored_above_what_was_heard() -> None:
    noise = np.random.default_rng(0).normal(0, 4000, 4 * HEARD_RATE)
    strength = np.abs(np.fft.rfft(resampled(noise)[:90_000] * np.hanning(90_000))) ** 2
    hertz = np.fft.rfftfreq(90_000, 1 / MODEL_RATE)
    below, above = strength[(hertz > 200) & (hertz < 6_800)].mean(), strength[hertz > 8_700].mean()
    assert 10 * np.log10(above / below) < -70


def test_it_is_what_a_good_resampler_makes_of_it() -> None:
    """Of sound that has little at its upper end, as speech does."""
    noise = np.random.default_rng(1).normal(0, 4000, 2 * HEARD_RATE)
    low = np.convolve(noise, np.hanning(9) / np.hanning(9).sum(), mode="same")
    made = resampled(low)
    wanted = soxr.resample(np.round(low) / 32768, HEARD_RATE, MODEL_RATE, quality="VHQ")
    inner = slice(1_000, 40_000)
    error = np.mean((made[inner] - wanted[inner]) ** 2) / np.mean(wanted[inner] ** 2)
    assert 10 * np.log10(error) < -50


def test_slots_out_of_step_hear_what_each_hears_alone() -> None:
    first, second = (np.random.default_rng(n).normal(0, 4000, 6 * FRAME_SAMPLES) for n in range(2))
    rate, made = Rate(2, CPU), [list[np.ndarray](), list[np.ndarray]()]
    for tick in range(12):
        hears = torch.tensor([tick % 2 == 0, tick % 3 != 0])
        frames = torch.zeros(2, FRAME_SAMPLES)
        for slot, sound in enumerate((first, second)):
            begin = len(made[slot]) * FRAME_SAMPLES
            piece = np.round(sound[begin : begin + FRAME_SAMPLES]).astype(np.float32)
            hears[slot] &= len(piece) == FRAME_SAMPLES
            if hears[slot]:
                frames[slot] = torch.from_numpy(piece)
        heard = rate(frames, hears)
        assert heard.shape == (2, 1, MODEL_SAMPLES)
        for slot in range(2):
            if hears[slot]:
                made[slot].append(heard[slot, 0].numpy().copy())
    for slot, sound in enumerate((first, second)):
        np.testing.assert_allclose(np.concatenate(made[slot])[LATE:], resampled(sound), atol=1e-6)


def test_a_slot_that_is_reset_remembers_nothing_and_its_neighbour_all() -> None:
    rate = Rate(2, CPU)
    both = torch.tensor([True, True])
    rate(torch.full((2, FRAME_SAMPLES), 5000.0), both)
    rate.reset(torch.tensor([True, False]))
    heard = rate(torch.zeros(2, FRAME_SAMPLES), both)
    assert not heard[0].any()
    assert heard[1].any()

"""The spectrogram, against one that is made term by term as it is defined."""

import math

import numpy as np
import pytest

from protos.sound import HEARD_RATE
from stt_service.turn_end.log_mel import BANDS, FRAMES, SAMPLES, Floats, log_mel

RNG = np.random.default_rng(7)


def hertz(mel: float) -> float:
    """Slaney's scale: 3 mel each 200 Hz up to 1 kHz, from there 27 mel for each factor of 6.4."""
    return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)


def band_power(power: list[float], band: int) -> float:
    top = 15 + 27 * math.log(8000 / 1000, 6.4)
    low, middle, high = (hertz(top * (band + place) / (BANDS + 1)) for place in range(3))
    total = 0.0
    for line, strength in enumerate(power):
        frequency = line * 40
        if low < frequency <= middle:
            total += strength * (frequency - low) / (middle - low)
        elif middle < frequency < high:
            total += strength * (high - frequency) / (high - middle)
    return total * 2 / (high - low)


def log_of_frame(samples: Floats, frame: int) -> list[float]:
    """Powers of ten, by the discrete Fourier transform as it is written."""
    whole = [0.0] * (SAMPLES - len(samples)) + [float(sample) for sample in samples[-SAMPLES:]]
    mean = math.fsum(whole) / SAMPLES
    spread = math.sqrt(math.fsum((sample - mean) ** 2 for sample in whole) / SAMPLES + 1e-7)
    places = (abs(frame * 160 - 200 + k) for k in range(400))  # mirrored at the begin
    windowed = [
        (whole[place] - mean) / spread * (0.5 - 0.5 * math.cos(2 * math.pi * k / 400))
        for k, place in enumerate(places)
    ]
    power = []
    for line in range(201):
        real = math.fsum(s * math.cos(2 * math.pi * line * k / 400) for k, s in enumerate(windowed))
        imaginary = math.fsum(s * math.sin(2 * math.pi * line * k / 400) for k, s in enumerate(windowed))
        power.append(real**2 + imaginary**2)
    return [math.log10(max(band_power(power, band), 1e-10)) for band in range(BANDS)]


@pytest.mark.parametrize("seconds", [8, 3])
def test_it_is_what_the_definition_says(seconds: int) -> None:
    times = np.arange(seconds * HEARD_RATE) / HEARD_RATE
    rising = np.sin(2 * np.pi * (100 + 300 * times) * times) * np.minimum(1, times / 2)
    samples = (0.2 * rising + 0.01 * RNG.standard_normal(len(times))).astype(np.float32)
    seen = log_mel(samples)
    assert (seen.shape, str(seen.dtype)) == ((BANDS, FRAMES), "float32")
    # Where it is loudest the frames are given: whatever is 8 powers of ten below counts as that.
    loudest = seen.max() * 4 - 4
    for frame in (0, 1, 600, 798):
        expected = [(max(value, loudest - 8) + 4) / 4 for value in log_of_frame(samples, frame)]
        assert seen[:, frame] == pytest.approx(expected, abs=2e-5), frame


def test_how_loud_it_was_does_not_matter_and_what_is_older_than_8_s_neither() -> None:
    samples = (0.1 * RNG.standard_normal(SAMPLES)).astype(np.float32)
    seen = log_mel(samples)
    assert log_mel(samples * np.float32(0.5)) == pytest.approx(seen, abs=1e-3)
    older = np.concatenate([np.ones(5000, np.float32), samples])
    assert np.array_equal(log_mel(older), seen)


def test_of_a_short_sound_the_end_is_at_the_end() -> None:
    burst = (0.1 * RNG.standard_normal(HEARD_RATE)).astype(np.float32)
    seen = log_mel(burst)
    assert seen[:, 710:].mean() > seen[:, :690].mean() + 0.5


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(SAMPLES, np.float32)])
def test_of_nothing_there_is_something_to_see(samples: Floats) -> None:
    seen = log_mel(samples)
    assert np.isfinite(seen).all()
    assert np.ptp(seen) == 0

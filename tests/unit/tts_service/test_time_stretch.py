"""Speech at another speed: as long as it should be, at the same pitch, without clicks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engines.time_stretch import TimeStretch

Audio = NDArray[np.float32]


def tone(seconds: float, pitch: float = 150.0) -> Audio:
    times = np.arange(round(seconds * SPOKEN_RATE)) / SPOKEN_RATE
    voiced = sum(np.sin(2 * np.pi * pitch * harmonic * times) / harmonic for harmonic in (1, 2, 3))
    return (0.2 * np.asarray(voiced)).astype(np.float32)


def stretch(samples: Audio, speed: float, piece: int = 1920) -> Audio:
    stretcher = TimeStretch(speed)
    pieces = [stretcher.feed(samples[start : start + piece]) for start in range(0, len(samples), piece)]
    return np.concatenate([*pieces, stretcher.finish()])


def pitch_of(samples: Audio) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * SPOKEN_RATE / len(samples))


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_it_is_as_long_as_the_speed_says(speed: float) -> None:
    assert len(stretch(tone(2.0), speed)) == round(2.0 * SPOKEN_RATE / speed)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_the_pitch_stays(speed: float) -> None:
    assert pitch_of(stretch(tone(2.0), speed)) == pytest.approx(150, abs=4)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_a_steady_tone_stays_steady_and_does_not_click(speed: float) -> None:
    made, before = stretch(tone(2.0), speed), tone(2.0)
    inside = made[SPOKEN_RATE // 10 : -SPOKEN_RATE // 10]
    assert np.abs(np.diff(inside)).max() < 1.5 * np.abs(np.diff(before)).max()
    levels = [np.sqrt((part**2).mean()) for part in np.array_split(inside, 20)]
    assert min(levels) > 0.8 * max(levels)


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.6])
def test_how_the_samples_are_cut_makes_no_difference(speed: float) -> None:
    whole = stretch(tone(1.0), speed, piece=SPOKEN_RATE)
    assert np.array_equal(whole, stretch(tone(1.0), speed, piece=480))


def test_the_first_samples_come_before_the_last_are_known() -> None:
    assert len(TimeStretch(1.5).feed(tone(0.08))) > 0


@pytest.mark.parametrize("samples", [0, 1, 100, 800])
def test_little_or_nothing_is_stretched_too(samples: int) -> None:
    assert len(stretch(tone(1.0)[:samples], 0.5)) == 2 * samples


def test_silence_stays_silent() -> None:
    assert not stretch(np.zeros(SPOKEN_RATE, np.float32), 1.3).any()

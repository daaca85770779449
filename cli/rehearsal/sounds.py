"""Levels, lengths and rates of sound: 16 kHz mono, samples as floats in the range of 16-bit ones."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from protos.sound import HEARD_RATE

Sound = NDArray[np.float64]
USUAL = 0.07 * 32768
"""Root mean square of voice at 0 dB: speech near a microphone."""
WINDOW = HEARD_RATE // 100
VOICED, AUDIBLE = 0.1, 0.02
"""Shares of the loudest window's level."""


def resampled(sound: Sound, rate: int) -> Sound:
    if rate == HEARD_RATE:
        return sound
    import soxr

    return np.asarray(soxr.resample(sound.astype(np.float32), rate, HEARD_RATE), np.float64)


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * HEARD_RATE))


def levels(sound: Sound) -> Sound:
    """Root mean squares of its windows, a last short one too."""
    whole = np.pad(sound, (0, -len(sound) % WINDOW)).reshape(-1, WINDOW)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)))


def span(sound: Sound, share: float = VOICED) -> tuple[int, int]:
    """From the first window of that share of the loudest to the end of the last one, in samples."""
    level = levels(sound)
    loud = np.flatnonzero(level > level.max(initial=0.0) * share)
    if not loud.size:
        return 0, len(sound)
    return int(loud[0]) * WINDOW, min(int(loud[-1] + 1) * WINDOW, len(sound))


def trimmed(sound: Sound) -> Sound:
    """Without the silence around it."""
    begin, end = span(sound, AUDIBLE)
    return sound[begin:end]


def usual(sound: Sound) -> Sound:
    """As loud, where it is voiced, as at 0 dB."""
    level = levels(sound)
    voiced = level[level > level.max(initial=0.0) * VOICED]
    return sound * (USUAL / float(np.sqrt((voiced**2).mean()))) if voiced.size else sound


def gain(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def whole(sound: Sound) -> NDArray[np.int16]:
    """16-bit; what is too loud is clipped."""
    return np.clip(np.rint(sound), -32768, 32767).astype("<i2")


def stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where it is true: begins and ends, the ends exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(begin), int(end)) for begin, end in list(pairwise(edges))[::2]]

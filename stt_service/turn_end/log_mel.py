"""What an end-of-turn model sees of sound: Whisper's log-mel spectrogram of the last 8 s.

Numbers as Whisper's feature extractor makes them (Radford et al., 2022, section 2.2), or the model sees what
it was never shown. Pure arithmetic of some 3 ms: it belongs on a thread.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from protos.sound import HEARD_RATE

SECONDS = 8
SAMPLES = SECONDS * HEARD_RATE
BANDS = 80
FRAMES = 800
_HOP = 160
_WINDOW = 400
_FLOOR = 1e-10
_RANGE = 8.0
"""Powers of ten below the loudest: whatever is less counts as that."""
_LEAST_VARIANCE = 1e-7
_LINEAR_TO_HZ, _HZ_PER_MEL = 1000.0, 200 / 3
_LOG_STEP = np.log(6.4) / 27
"""Of the mel scale by Slaney: steps of equal width up to 1 kHz, from there of equal ratio."""

Floats = NDArray[np.float32]


def log_mel(samples: Floats) -> Floats:
    """[BANDS, FRAMES], about -1 to 1, of the last `SECONDS`; silence is put in front of what is shorter.

    `samples`: of full scale, -1 to 1, at 16 kHz. How loud they are does not matter.
    """
    heard = np.zeros(SAMPLES, np.float32)
    last = samples[-SAMPLES:]
    heard[SAMPLES - len(last) :] = last
    heard = (heard - heard.mean()) / np.sqrt(heard.var() + np.float32(_LEAST_VARIANCE))
    half = _WINDOW // 2
    mirrored = np.pad(heard, half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, _WINDOW)[: FRAMES * _HOP : _HOP]
    spectrum = np.fft.rfft(frames * _window())
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    logs = np.log10(np.maximum(power @ _filters(), _FLOOR)).T
    seen: Floats = (np.maximum(logs, logs.max() - _RANGE) + 4) / 4
    return np.ascontiguousarray(seen, np.float32)


@cache
def _window() -> Floats:
    """Hann's, periodic."""
    turns = np.arange(_WINDOW) / _WINDOW
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


@cache
def _filters() -> Floats:
    """[frequencies, BANDS]: overlapping triangles, even on the mel scale, each of the same area."""
    log_from = _LINEAR_TO_HZ / _HZ_PER_MEL
    top = log_from + np.log(HEARD_RATE / 2 / _LINEAR_TO_HZ) / _LOG_STEP
    mels = np.linspace(0, top, BANDS + 2)
    edges = np.where(
        mels < log_from, mels * _HZ_PER_MEL, _LINEAR_TO_HZ * np.exp((mels - log_from) * _LOG_STEP)
    )
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.arange(_WINDOW // 2 + 1)[:, None] * (HEARD_RATE / _WINDOW)
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    filters: Floats = (np.maximum(0, np.minimum(rising, falling)) * (2 / (high - low))).astype(np.float32)
    return filters

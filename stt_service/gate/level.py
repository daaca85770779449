"""How loud a stretch of audio is.

One place, because the level gate, the energy VAD and the noise filter must mean the same by "quiet". Never
keeps anything between calls.
"""

import numpy as np

FULL_SCALE = 32768.0
"""What the sample value 1.0 of float audio is in 16-bit audio."""


def energy(pcm: bytes) -> float:
    """Sum of the squares of 16-bit samples, in float audio's units; 0.0 of no audio."""
    samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
    return float(samples.dot(samples)) / (FULL_SCALE * FULL_SCALE)


def peak(pcm: bytes) -> float:
    """The largest absolute sample, 0 to 1; 0.0 of no audio."""
    samples = np.frombuffer(pcm, dtype=np.int16)
    return max(int(samples.max()), -int(samples.min())) / FULL_SCALE if len(samples) else 0.0

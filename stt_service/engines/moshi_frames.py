"""From a lane's audio to what Kyutai's models hear at a time: 80 ms."""

import numpy as np
import numpy.typing as npt

from protos.sound import HEARD_RATE

FRAME_S = 0.08
FRAME_SAMPLES = round(FRAME_S * HEARD_RATE)
FRAME_BYTES = 2 * FRAME_SAMPLES
Frame = npt.NDArray[np.int16]
"""Samples as they came, at 16 kHz: the model brings them to its own rate, those of all slots together."""


class Framer:
    """One utterance."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, pcm: bytes) -> list[Frame]:
        """16-bit mono at 16 kHz, any number of samples; the frames that are full now."""
        self._rest += pcm
        if len(self._rest) < FRAME_BYTES:
            return []
        whole = len(self._rest) // FRAME_BYTES * FRAME_BYTES
        audio, self._rest = self._rest[:whole], self._rest[whole:]
        return list(np.frombuffer(audio, "<i2").reshape(-1, FRAME_SAMPLES))

    def finish(self) -> list[Frame]:
        """What is left, filled up with silence."""
        rest, self._rest = self._rest, b""
        return [np.frombuffer(rest.ljust(FRAME_BYTES, b"\0"), "<i2")] if rest else []


def silence() -> Frame:
    return np.zeros(FRAME_SAMPLES, np.int16)

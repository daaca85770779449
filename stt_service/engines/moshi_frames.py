"""From a lane's audio to what Kyutai's models hear: frames of 80 ms at 24 kHz."""

import numpy as np
import numpy.typing as npt
import soxr

from protos.sound import HEARD_RATE

MODEL_RATE = 24_000
FRAME_SAMPLES = 1_920
FRAME_S = FRAME_SAMPLES / MODEL_RATE
Frame = npt.NDArray[np.float32]


class Framer:
    """One utterance. The resampler keeps its state from chunk to chunk, so their edges cannot be heard."""

    def __init__(self) -> None:
        self._resampler = soxr.ResampleStream(HEARD_RATE, MODEL_RATE, 1, dtype="float32")
        self._rest = np.zeros(0, np.float32)

    def feed(self, pcm: bytes) -> list[Frame]:
        """16-bit mono at 16 kHz, any number of samples; the frames that are full now."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        return self._cut(self._resampler.resample_chunk(samples))

    def finish(self) -> list[Frame]:
        """What is left, its last frame filled up with silence."""
        frames = self._cut(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        if len(self._rest):
            frames.append(np.pad(self._rest, (0, FRAME_SAMPLES - len(self._rest))))
            self._rest = self._rest[:0]
        return frames

    def _cut(self, samples: Frame) -> list[Frame]:
        whole = np.concatenate([self._rest, samples])
        count = len(whole) // FRAME_SAMPLES
        self._rest = whole[count * FRAME_SAMPLES :]
        return [whole[i * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES] for i in range(count)]


def silence() -> Frame:
    return np.zeros(FRAME_SAMPLES, np.float32)

"""From a lane's audio to what Kyutai's models hear: frames of 80 ms at 24 kHz."""

import numpy as np
import numpy.typing as npt
import soxr

from protos.sound import HEARD_RATE

MODEL_RATE = 24_000
FRAME_SAMPLES = 1_920
FRAME_S = FRAME_SAMPLES / MODEL_RATE
SAMPLE_BYTES = 2
Frame = npt.NDArray[np.float32]


class Framer:
    """One utterance. The resampler keeps its state from chunk to chunk, so their edges cannot be heard."""

    def __init__(self) -> None:
        self._resampler = soxr.ResampleStream(HEARD_RATE, MODEL_RATE, 1, dtype="float32")
        self._rest = np.zeros(0, np.float32)
        self._waiting = b""

    def feed(self, pcm: bytes) -> list[Frame]:
        """16-bit mono at 16 kHz, any number of samples; the frames that are full now."""
        self._waiting += pcm
        wanted = (FRAME_SAMPLES - len(self._rest)) * HEARD_RATE * SAMPLE_BYTES
        if len(self._waiting) * MODEL_RATE < wanted:
            return []  # they fill no frame, so it is not worth a call for each
        return self._cut(self._resampler.resample_chunk(self._take_waiting()))

    def finish(self) -> list[Frame]:
        """What is left, its last frame filled up with silence."""
        frames = self._cut(self._resampler.resample_chunk(self._take_waiting(), last=True))
        if len(self._rest):
            frames.append(np.pad(self._rest, (0, FRAME_SAMPLES - len(self._rest))))
            self._rest = self._rest[:0]
        return frames

    def _take_waiting(self) -> Frame:
        pcm, self._waiting = self._waiting, b""
        return np.frombuffer(pcm, "<i2") * np.float32(1 / 32768)

    def _cut(self, samples: Frame) -> list[Frame]:
        whole = np.concatenate([self._rest, samples])
        count = len(whole) // FRAME_SAMPLES
        self._rest = whole[count * FRAME_SAMPLES :]
        return [whole[i * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES] for i in range(count)]


def silence() -> Frame:
    return np.zeros(FRAME_SAMPLES, np.float32)

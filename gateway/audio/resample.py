"""Change the rate of a stream of 16-bit mono PCM without clicks at the edges of its pieces."""

import numpy as np
import soxr


class Resampler:
    """One direction of one stream. Equal rates pass through untouched."""

    def __init__(self, in_rate: int, out_rate: int) -> None:
        self._rates = (in_rate, out_rate)
        self._stream = self._new()

    def _new(self) -> soxr.ResampleStream | None:
        in_rate, out_rate = self._rates
        if in_rate == out_rate:
            return None
        return soxr.ResampleStream(
            in_rate, out_rate, 1, dtype="int16", quality="LQ" if out_rate < in_rate else "QQ"
        )

    def feed(self, pcm: bytes, last: bool = False) -> bytes:
        """Any whole number of samples in; what is ready out. `last` empties the filter and starts anew."""
        if self._stream is None:
            return pcm
        resampled = self._stream.resample_chunk(np.frombuffer(pcm, np.int16), last=last)
        if last:
            self._stream = self._new()
        return bytes(resampled.tobytes())

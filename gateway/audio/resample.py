"""Change the rate of a stream of 16-bit mono PCM without clicks at the edges of its pieces."""

from math import gcd

import numpy as np
import soxr

HISTORY_S = 0.05
"""More than any of the filters looks back."""


class Resampler:
    """One direction of one stream. Equal rates pass through untouched."""

    def __init__(self, in_rate: int, out_rate: int) -> None:
        self._in_rate, self._out_rate = in_rate, out_rate
        step = in_rate // gcd(in_rate, out_rate)
        self._grid = step, out_rate // gcd(in_rate, out_rate)
        """After so many samples in, and so many out, both begin at the same moment again."""
        self._history_bytes = (int(in_rate * HISTORY_S) // step + 2) * step * 2
        self._begin()

    def _begin(self) -> None:
        self._history = bytearray()
        self._fed = self._given = self._skip = 0
        self._drained = False
        self._stream = self._new()

    def _new(self) -> soxr.ResampleStream | None:
        if self._in_rate == self._out_rate:
            return None
        quality = "LQ" if self._out_rate < self._in_rate else "QQ"
        return soxr.ResampleStream(self._in_rate, self._out_rate, 1, dtype="int16", quality=quality)

    def feed(self, pcm: bytes, last: bool = False) -> bytes:
        """Any whole number of samples in; what is ready out. `last` empties the filter and starts anew."""
        if self._stream is None:
            return pcm
        given = self._resample(pcm) if pcm else b""
        if last:
            given += self.drain()
            self._begin()
        return given

    def drain(self) -> bytes:
        """What is still inside. The stream may go on afterwards, not a sample longer or shorter for it."""
        if self._stream is None or self._drained or not self._fed:
            return b""
        self._drained = True
        return self._keep(self._stream.resample_chunk(np.empty(0, np.int16), last=True).tobytes())

    def _resample(self, pcm: bytes) -> bytes:
        assert self._stream is not None
        if self._drained:
            return self._resample(self._rewind() + pcm)
        self._fed += len(pcm) // 2
        self._history += pcm
        del self._history[: -self._history_bytes]
        return self._keep(self._stream.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes())

    def _rewind(self) -> bytes:
        """A new filter hears the last of the old one's samples once more; what it makes of them was given."""
        step_in, step_out = self._grid
        start = -(-(self._fed - len(self._history) // 2) // step_in) * step_in
        again = bytes(self._history[len(self._history) - (self._fed - start) * 2 :])
        self._skip = self._given - start // step_in * step_out
        self._given -= self._skip
        self._history.clear()
        self._fed, self._drained, self._stream = start, False, self._new()
        return again

    def _keep(self, given: bytes) -> bytes:
        """Without what was given before."""
        self._given += len(given) // 2
        skipped = min(self._skip, len(given) // 2)
        self._skip -= skipped
        return given[skipped * 2 :]

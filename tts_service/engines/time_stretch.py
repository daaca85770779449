"""Speech made faster or slower at the same pitch, for engines that have no speed of their own. Pure.

WSOLA: the output is laid out of overlapping pieces of the input, each taken from near where it should be, at
the place where it best continues the piece before.
"""

import numpy as np
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE

HOP = SPOKEN_RATE * 15 // 1000
"""A piece is twice as long, and half of it is faded into the next."""
SEARCH = SPOKEN_RATE * 10 // 1000
"""How far from its place a piece may be taken: a period of the deepest voice."""
_QUIET = 1e-6

Audio = NDArray[np.float32]


class TimeStretch:
    """`speed` 2.0 halves the length. Samples go in as they come and come out about 40 ms later."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._input: Audio = np.zeros(0, np.float32)
        self._dropped = 0  # samples of the input that are no longer needed
        self._taken = self._made = 0
        self._steps = 0
        self._continuation: Audio | None = None
        self._rising = np.linspace(0, 1, HOP, endpoint=False, dtype=np.float32)

    def feed(self, samples: Audio) -> Audio:
        """What can be made of the samples so far."""
        if self._speed == 1.0:
            return samples
        self._taken += len(samples)
        self._input = np.concatenate([self._input, samples])
        return self._make()

    def finish(self) -> Audio:
        """What was held back: in all, the output has the input's length over the speed."""
        if self._speed == 1.0 or not self._taken:
            return np.zeros(0, np.float32)
        left = round(self._taken / self._speed) - self._made
        margin = np.zeros(2 * HOP + SEARCH + round(HOP * self._speed) + HOP, np.float32)
        self._input = np.concatenate([self._input, margin])
        made = self._make()[:left]
        return np.concatenate([made, np.zeros(left - len(made), np.float32)])

    def _make(self) -> Audio:
        pieces: list[Audio] = []
        while (piece := self._step()) is not None:
            pieces.append(piece)
        made = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        self._made += len(made)
        return made

    def _step(self) -> Audio | None:
        """The next piece; None: more input is needed."""
        ideal = round(self._steps * HOP * self._speed) - self._dropped
        if ideal + SEARCH + 2 * HOP > len(self._input):
            return None
        begin = ideal if self._continuation is None else self._best_begin(ideal, self._continuation)
        head = self._input[begin : begin + HOP]
        if self._continuation is not None:
            head = self._continuation * (1 - self._rising) + head * self._rising
        self._continuation = self._input[begin + HOP : begin + 2 * HOP].copy()
        self._steps += 1
        self._forget(ideal)
        return head.astype(np.float32)

    def _best_begin(self, ideal: int, continuation: Audio) -> int:
        """Where, near its place, the input is most like what would have followed."""
        lowest = max(ideal - SEARCH, 0)
        around = self._input[lowest : ideal + SEARCH + HOP].astype(np.float64)
        likeness = np.correlate(around, continuation.astype(np.float64), "valid")
        sums = np.concatenate([[0.0], np.cumsum(around**2)])
        energy = np.sqrt(np.maximum(sums[HOP:] - sums[:-HOP], 0))
        if energy.max() < _QUIET:
            return ideal
        return lowest + int(np.argmax(likeness / (energy + _QUIET)))

    def _forget(self, ideal: int) -> None:
        """Let go of what no later piece can be taken from."""
        unneeded = max(ideal - SEARCH, 0)
        self._input = self._input[unneeded:]
        self._dropped += unneeded

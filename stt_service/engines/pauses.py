"""Where a long recording may be cut so that no word is: in pauses, or where it is quietest. Pure."""

import numpy as np
from numpy.typing import NDArray

from protos.sound import HEARD_RATE

Samples = NDArray[np.float32]
FRAME = HEARD_RATE // 50
WHOLE = 8 * HEARD_RATE
"""Up to this nothing is cut: a recogniser hears best what it hears whole."""
SHORTEST, LONGEST = 3 * HEARD_RATE, 10 * HEARD_RATE
"""Of a piece that is cut off."""
PAUSE_FRAMES = 10
"""200 ms, about the closure of a stop between two words and a breath."""
_QUIET = 0.1
"""Of the speech's own level."""


def cut_at_pauses(samples: Samples) -> list[int]:
    """The end of each piece, the last one's included; a piece is never longer than LONGEST."""
    ends = [0]
    while len(samples) - ends[-1] > WHOLE:
        ends.append(ends[-1] + _choose_cut(samples[ends[-1] : ends[-1] + LONGEST]))
    return [*ends[1:], len(samples)]


def first_sound(samples: Samples) -> int:
    """The sample at which something begins that is as loud as speech is among these."""
    loud = np.flatnonzero(~_quiet(_levels(samples)))
    return int(loud[0]) * FRAME if len(loud) else 0


def _levels(samples: Samples) -> Samples:
    """Of each whole frame: its RMS."""
    count = len(samples) // FRAME
    levels: Samples = np.sqrt(np.mean(samples[: count * FRAME].reshape(count, FRAME) ** 2, axis=1))
    return levels


def _quiet(levels: Samples) -> NDArray[np.bool_]:
    return levels < _QUIET * np.quantile(levels, 0.9) if len(levels) else np.zeros(0, dtype=bool)


def _choose_cut(samples: Samples) -> int:
    """In the middle of the longest pause of a piece's possible ends; without one, where it is quietest."""
    levels = _levels(samples)
    count, first = len(levels), SHORTEST // FRAME
    length, middle = _longest_run(_quiet(levels)[first:])
    if length >= PAUSE_FRAMES:
        return (first + middle) * FRAME
    smooth = np.convolve(levels, np.ones(PAUSE_FRAMES) / PAUSE_FRAMES, mode="same")
    half = max(first, count // 2)
    return (half + int(np.argmin(smooth[half : count - PAUSE_FRAMES // 2]))) * FRAME


def _longest_run(quiet: NDArray[np.bool_]) -> tuple[int, int]:
    """The length of the longest stretch of quiet frames, and the frame in its middle; (0, 0) without any."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(np.int8)))
    if not len(edges):
        return 0, 0
    begins, ends = edges[::2], edges[1::2]
    chosen = int(np.argmax(ends - begins))
    return int(ends[chosen] - begins[chosen]), int(begins[chosen] + ends[chosen]) // 2

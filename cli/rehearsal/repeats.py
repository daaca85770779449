"""Whether a reply that was held and went on was set back: a piece of it is then heard twice."""

import numpy as np
from numpy.typing import NDArray

from cli.rehearsal.line import AUDIBLE, FRAME
from cli.rehearsal.sounds import stretches
from protos.sound import HEARD_RATE

PIECE = HEARD_RATE // 10
BACK = HEARD_RATE
SAME = 0.995
"""Correlation: of speech with what was spoken a tenth of a second before it is far below."""


def is_repeated(heard: NDArray[np.int16], frames: NDArray[np.bool_]) -> bool:
    """`frames`: those of `heard` in which the reply sounded; between its stretches it was held."""
    runs = stretches(frames)
    sound = np.concatenate([heard[begin * FRAME : end * FRAME] for begin, end in runs] or [heard[:0]])
    seams = np.cumsum([(end - begin) * FRAME for begin, end in runs])[:-1]
    return any(_is_set_back(sound.astype(np.float64), int(seam)) for seam in seams)


def _is_set_back(sound: NDArray[np.float64], seam: int) -> bool:
    """Whether the first voice after the seam was heard, just so, in the second before it."""
    voiced = np.flatnonzero(np.abs(sound[seam:]) > 5 * AUDIBLE)
    if not voiced.size:
        return False
    begin = seam + int(voiced[0])
    piece = sound[begin : begin + PIECE]
    before = sound[max(0, begin - BACK) : seam]
    if len(piece) < PIECE or len(before) < PIECE:
        return False
    products = np.correlate(before, piece, "valid")
    powers = np.convolve(before**2, np.ones(PIECE), "valid")
    alike = products / np.sqrt(np.maximum(powers, 1.0) * float((piece**2).sum()))
    return bool(alike.max() > SAME)

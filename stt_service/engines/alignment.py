"""When each token was said, by what a decoder looked at while it wrote it. Pure."""

import numpy as np
from numpy.typing import NDArray

Attention = NDArray[np.float32]


def first_frames(attention: Attention) -> list[int]:
    """The frame in which each token begins, ascending; attention: tokens x frames.

    Tokens follow one another and each frame belongs to one of them: of all such divisions the one that gives
    each token the frames it looked at most. The first has what precedes the speech, too.
    """
    tokens, frames = attention.shape
    if tokens > frames:
        return [token * frames // tokens for token in range(tokens)]
    best = np.full(tokens, -np.inf)
    best[0] = attention[0, 0]
    came = np.zeros((frames, tokens), dtype=bool)  # whether the token begins in that frame
    for frame in range(1, frames):
        before = np.concatenate(([-np.inf], best[:-1]))
        came[frame] = before > best
        best = np.maximum(before, best) + attention[:, frame]
    token, starts = tokens - 1, [0] * tokens
    for frame in range(frames - 1, 0, -1):
        if token and came[frame, token]:
            starts[token] = frame
            token -= 1
    return starts

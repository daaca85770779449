"""What engines that speak a clause at a time make their stream of: 16-bit samples, cut in pieces. Pure."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Word

PIECE_SAMPLES = SPOKEN_RATE * 80 // 1000
SILENT_LEVEL = 50
"""Of 32768: below it nothing is heard, and a cut there does not click."""
KEPT_SILENCE_MS = 10

Samples = NDArray[np.int16]


def to_pcm(samples: NDArray[np.float32], factor: float) -> Samples:
    """Samples of -1 to 1, times a factor, without wrapping round; what a broken model makes is silence."""
    scaled = np.nan_to_num(np.rint(samples * np.float32(factor * 32767)))
    pcm: Samples = np.clip(scaled, -32768, 32767).astype(np.int16)
    return pcm


def audible(samples: Samples, rate: int) -> tuple[int, int]:
    """From where to where something is heard, with 10 ms around it; all of it when nothing is."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENT_LEVEL)
    if not len(loud):
        return 0, len(samples)
    margin = KEPT_SILENCE_MS * rate // 1000
    return max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + margin)


class Pieces:
    """A reply's stream, from `made` on: so many samples are cut so far. `words` wait for their piece."""

    def __init__(self, made: int = 0) -> None:
        self.made = made
        self.words: deque[Word] = deque()

    def cut(self, samples: Samples) -> Iterator[Speech]:
        """Pieces of at most 80 ms, each with the words that begin in it."""
        for start in range(0, len(samples), PIECE_SAMPLES):
            piece = samples[start : start + PIECE_SAMPLES]
            self.made += len(piece)
            yield Speech(piece.astype("<i2").tobytes(), tuple(self._words_begun()))

    def _words_begun(self) -> Iterator[Word]:
        while self.words and self.words[0].start_sample < self.made:
            yield self.words.popleft()

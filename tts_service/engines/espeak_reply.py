"""One reply's audio: clauses as espeak-ng makes them, joined into a single stream at 24 kHz with word times.

Pure. One resampler runs through the whole reply, so that borders of clauses cannot be heard; it hands samples
over a little late but never moves them, so a word's position needs only the ratio of the rates.
"""

import re
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Word
from tts_service.engines.pieces import Pieces, audible
from tts_service.text.pauses import pause_ms

_SPOKEN_TOKEN = re.compile(r"\S*\w\S*")


class EspeakReply:
    """`rate` is the library's, in Hz; `volume` 1.0 leaves the samples as they are."""

    def __init__(self, rate: int, volume: float) -> None:
        self._rate, self._volume = rate, volume
        # HQ holds back 33 ms: no more than the silence that ends each clause.
        self._resampler = soxr.ResampleStream(rate, SPOKEN_RATE, 1, dtype="float32", quality="HQ")
        self._taken_samples = 0
        self._pieces = Pieces()

    def add(self, clause: str, pcm: bytes, events: list[tuple[int, int]]) -> list[Speech]:
        """Pieces of at most 80 ms: this clause and its pause, as far as they are through the resampler.

        Args: the text, its samples at the library's rate, and (character index, sample) of its words.
        """
        samples = np.frombuffer(pcm, dtype=np.int16)
        begin, end = audible(samples, self._rate)
        for text, sample in word_samples(clause, events):
            position = self._taken_samples + min(max(sample - begin, 0), max(end - begin - 1, 0))
            self._pieces.words.append(Word(text, position * SPOKEN_RATE // self._rate))
        pause = np.zeros(pause_ms(clause) * self._rate // 1000, dtype=np.int16)
        return self._resample(np.concatenate([samples[begin:end], pause]), last=False)

    def finish(self) -> list[Speech]:
        """What the resampler still holds."""
        return self._resample(np.zeros(0, dtype=np.int16), last=True)

    def _resample(self, samples: NDArray[np.int16], *, last: bool) -> list[Speech]:
        self._taken_samples += len(samples)
        scaled = samples.astype(np.float32) * np.float32(self._volume)
        made = self._resampler.resample_chunk(scaled, last=last)
        return list(self._pieces.cut(np.clip(np.rint(made), -32768, 32767).astype(np.int16)))


def word_samples(text: str, events: list[tuple[int, int]]) -> list[tuple[str, int]]:
    """Each word of the text that is spoken, with the sample at which it begins; ascending.

    The library reports some words twice (3.5) and some pairs as one (of the): a word without a report of its
    own lies between its neighbours.
    """
    tokens = [(match.group(), match.start(), match.end()) for match in _SPOKEN_TOKEN.finditer(text)]
    known: list[tuple[int, int]] = []
    latest = iter(sorted(events))
    event = next(latest, None)
    for index, (_, start, end) in enumerate(tokens):
        while event is not None and event[0] < start:
            event = next(latest, None)
        if event is not None and event[0] < end:
            known.append((index, max(event[1], known[-1][1] if known else 0)))
    if not known or known[0][0]:
        known.insert(0, (0, known[0][1] if known else 0))
    return [(token[0], sample) for token, sample in zip(tokens, _fill(known, len(tokens)), strict=True)]


def _fill(known: list[tuple[int, int]], count: int) -> list[int]:
    """A sample for each of `count` words from those of some; past the last known, its own."""
    samples: list[int] = []
    for (index, sample), (next_index, next_sample) in pairwise([*known, (count, known[-1][1])]):
        step = (next_sample - sample) / (next_index - index) if next_index > index else 0
        samples += [round(sample + step * offset) for offset in range(next_index - index)]
    return samples

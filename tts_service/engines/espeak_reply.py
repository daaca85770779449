"""One reply's audio: clauses as espeak-ng makes them, joined into a single stream at 24 kHz with word times.

Pure. One resampler runs through the whole reply, so that borders of clauses cannot be heard; it hands samples
over a little late but never moves them, so a word's position needs only the ratio of the rates.
"""

import re
from collections import deque
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Word

PIECE_SAMPLES = SPOKEN_RATE * 80 // 1000
SILENT_LEVEL = 50
"""Of 32768: below it nothing is heard, and a cut there does not click."""
KEPT_SILENCE_MS = 10
SENTENCE_PAUSE_MS, COMMA_PAUSE_MS, NO_PAUSE_MS = 280, 140, 30
_CLOSERS = "\"'”’»)]"
_SPOKEN_TOKEN = re.compile(r"\S*\w\S*")

Samples = NDArray[np.int16]


class EspeakReply:
    """`rate` is the library's, in Hz; `volume` 1.0 leaves the samples as they are."""

    def __init__(self, rate: int, volume: float) -> None:
        self._rate, self._volume = rate, volume
        # HQ holds back 33 ms: no more than the silence that ends each clause.
        self._resampler = soxr.ResampleStream(rate, SPOKEN_RATE, 1, dtype="float32", quality="HQ")
        self._taken_samples = 0
        self._made_samples = 0
        self._words: deque[Word] = deque()

    def add(self, clause: str, pcm: bytes, events: list[tuple[int, int]]) -> list[Speech]:
        """Pieces of at most 80 ms: this clause and its pause, as far as they are through the resampler.

        Args: the text, its samples at the library's rate, and (character index, sample) of its words.
        """
        samples = np.frombuffer(pcm, dtype=np.int16)
        begin, end = self._audible(samples)
        for text, sample in word_samples(clause, events):
            position = self._taken_samples + min(max(sample - begin, 0), max(end - begin - 1, 0))
            self._words.append(Word(text, position * SPOKEN_RATE // self._rate))
        pause = np.zeros(self._to_samples(pause_ms(clause)), dtype=np.int16)
        return self._resample(np.concatenate([samples[begin:end], pause]), last=False)

    def finish(self) -> list[Speech]:
        """What the resampler still holds."""
        return self._resample(np.zeros(0, dtype=np.int16), last=True)

    def _to_samples(self, ms: int) -> int:
        return ms * self._rate // 1000

    def _audible(self, samples: Samples) -> tuple[int, int]:
        """From where to where something is heard, with 10 ms around it; all of it when nothing is."""
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENT_LEVEL)
        if not len(loud):
            return 0, len(samples)
        margin = self._to_samples(KEPT_SILENCE_MS)
        return max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + margin)

    def _resample(self, samples: Samples, *, last: bool) -> list[Speech]:
        self._taken_samples += len(samples)
        scaled = samples.astype(np.float32) * np.float32(self._volume)
        made = self._resampler.resample_chunk(scaled, last=last)
        return list(self._cut(np.clip(np.rint(made), -32768, 32767).astype("<i2")))

    def _cut(self, samples: Samples) -> Iterator[Speech]:
        for start in range(0, len(samples), PIECE_SAMPLES):
            piece = samples[start : start + PIECE_SAMPLES]
            self._made_samples += len(piece)
            yield Speech(piece.tobytes(), tuple(self._words_begun()))

    def _words_begun(self) -> Iterator[Word]:
        while self._words and self._words[0].start_sample < self._made_samples:
            yield self._words.popleft()


def pause_ms(clause: str) -> int:
    """How long a reader stops after this clause."""
    mark = clause.rstrip(_CLOSERS)[-1:]
    if mark in ".!?…。！？":
        return SENTENCE_PAUSE_MS
    return COMMA_PAUSE_MS if mark in ",;:—–،؛，、；：" else NO_PAUSE_MS


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

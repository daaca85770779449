"""One clause's audio, as Pocket TTS makes it, in 16-bit pieces with word times. Pure.

The library does not say where words are. They are spread over the clause by their letters, at the pace at
which this voice spoke before: a guess, right to a few tenths of a second, that a clause's end puts right.
"""

import re
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Word
from tts_service.engines.time_stretch import TimeStretch

PIECE_SAMPLES = SPOKEN_RATE * 80 // 1000
TAIL_SAMPLES = SPOKEN_RATE * 10 // 1000
"""Held back until the clause's end is known, for words that have not begun by then."""
USUAL_PACE = SPOKEN_RATE / 15
"""Samples for a character."""
_LEARNED = 0.3
_SLOWEST, _FASTEST = 3 * USUAL_PACE, USUAL_PACE / 3
_SPOKEN_TOKEN = re.compile(r"\S*\w\S*")

Audio = NDArray[np.float32]


def is_spoken(clause: str) -> bool:
    """Whether there is anything in it that can be said."""
    return _SPOKEN_TOKEN.search(clause) is not None


class Pace:
    """How many samples a voice takes for a character, at its own speed, learned as it speaks."""

    def __init__(self) -> None:
        self.samples = USUAL_PACE

    def learn(self, samples: float, characters: int) -> None:
        seen = min(max(samples / characters, _FASTEST), _SLOWEST)
        self.samples += _LEARNED * (seen - self.samples)


class ClauseSpeech:
    """`begin`: how many samples of the reply came before. Volume 1.0 leaves samples as they are."""

    def __init__(self, clause: str, begin: int, pace: Pace, speed: float, volume: float) -> None:
        self._pace, self._speed, self._volume = pace, speed, volume
        self._stretch = TimeStretch(speed)
        self._characters = max(len(clause), 1)
        self._begin = self._made = begin
        step = pace.samples / speed
        self._words = deque(
            Word(found.group(), begin + round(found.start() * step))
            for found in _SPOKEN_TOKEN.finditer(clause)
        )
        self._tail = np.zeros(0, np.int16)

    @property
    def end(self) -> int:
        """How many samples of the reply there are so far."""
        return self._made

    def feed(self, samples: Audio) -> list[Speech]:
        """The library's samples, -1 to 1, in pieces of at most 80 ms."""
        ready = np.concatenate([self._tail, self._to_pcm(self._stretch.feed(samples))])
        cut = max(len(ready) - TAIL_SAMPLES, 0)
        self._tail = ready[cut:]
        return list(self._cut(ready[:cut]))

    def finish(self) -> list[Speech]:
        """What was held back, with every word that is left."""
        ready = np.concatenate([self._tail, self._to_pcm(self._stretch.finish())])
        pieces = list(self._cut(ready))
        self._pace.learn((self._made - self._begin) * self._speed, self._characters)
        if not pieces or not self._words:
            return pieces
        last = pieces.pop()
        begin = self._made - len(last.pcm) // 2
        late = tuple(Word(word.text, max(begin, last_start(last))) for word in self._words)
        return [*pieces, Speech(last.pcm, (*last.words, *late))]

    def _to_pcm(self, samples: Audio) -> NDArray[np.int16]:
        scaled = np.nan_to_num(np.rint(samples * np.float32(self._volume * 32767)))
        pcm: NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype(np.int16)
        return pcm

    def _cut(self, samples: NDArray[np.int16]) -> Iterator[Speech]:
        for start in range(0, len(samples), PIECE_SAMPLES):
            piece = samples[start : start + PIECE_SAMPLES]
            self._made += len(piece)
            yield Speech(piece.tobytes(), tuple(self._words_begun()))

    def _words_begun(self) -> Iterator[Word]:
        while self._words and self._words[0].start_sample < self._made:
            yield self._words.popleft()


def last_start(speech: Speech) -> int:
    """Where its last word begins; 0 for none."""
    return speech.words[-1].start_sample if speech.words else 0

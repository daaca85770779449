"""One clause's audio, as Pocket TTS makes it, in 16-bit pieces with word times. Pure.

The library does not say where words are. They are spread over the clause by their letters, at the pace at
which this voice spoke before: a guess, right to a few tenths of a second, that a clause's end puts right.
"""

import re

import numpy as np
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Word
from tts_service.engines.pieces import Pieces, to_pcm
from tts_service.engines.time_stretch import TimeStretch

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
        self._begin = begin
        self._pieces = Pieces(begin)
        step = pace.samples / speed
        self._pieces.words.extend(
            Word(found.group(), begin + round(found.start() * step))
            for found in _SPOKEN_TOKEN.finditer(clause)
        )
        self._tail = np.zeros(0, np.int16)

    @property
    def end(self) -> int:
        """How many samples of the reply there are so far."""
        return self._pieces.made

    def feed(self, samples: Audio) -> list[Speech]:
        """The library's samples, -1 to 1, in pieces of at most 80 ms."""
        ready = np.concatenate([self._tail, to_pcm(self._stretch.feed(samples), self._volume)])
        cut = max(len(ready) - TAIL_SAMPLES, 0)
        self._tail = ready[cut:]
        return list(self._pieces.cut(ready[:cut]))

    def finish(self) -> list[Speech]:
        """What was held back, with every word that is left."""
        ready = np.concatenate([self._tail, to_pcm(self._stretch.finish(), self._volume)])
        pieces = list(self._pieces.cut(ready))
        self._pace.learn((self.end - self._begin) * self._speed, self._characters)
        if not pieces or not self._pieces.words:
            return pieces
        last = pieces.pop()
        begin = self.end - len(last.pcm) // 2
        late = tuple(Word(word.text, max(begin, last_start(last))) for word in self._pieces.words)
        return [*pieces, Speech(last.pcm, (*last.words, *late))]


def last_start(speech: Speech) -> int:
    """Where its last word begins; 0 for none."""
    return speech.words[-1].start_sample if speech.words else 0

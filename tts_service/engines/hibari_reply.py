"""One reply's audio: Hibari's lines joined into a single stream with word times. Pure."""

import numpy as np
from numpy.typing import NDArray

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Word
from tts_service.engines.hibari_words import Line
from tts_service.engines.pieces import Pieces, audible, to_pcm

LOUDNESS = 1.7
"""Of the model's samples: then it is as loud as espeak, and its loudest peaks are just below the most."""


class HibariReply:
    """`volume` 1.0 is the usual loudness."""

    def __init__(self, volume: float) -> None:
        self._volume = volume
        self._pieces = Pieces()

    def add(self, line: Line, samples: NDArray[np.float32], starts: list[int]) -> list[Speech]:
        """Pieces of at most 80 ms: the line without the silence around it, and its pause.

        Args: its samples, -1 to 1 at 24 kHz, and at which of them each of its phonemes begins.
        """
        usual = to_pcm(samples, LOUDNESS)
        begin, end = audible(usual, SPOKEN_RATE)
        for text, index in line.words:
            # The first sound is the first word's, whatever silence the model counts to its phoneme.
            start = min(max(starts[index] - begin, 0), max(end - begin - 1, 0)) if index else 0
            self._pieces.words.append(Word(text, self._pieces.made + start))
        heard = usual[begin:end]
        if self._volume != 1.0:
            heard = to_pcm(samples[begin:end], LOUDNESS * self._volume)
        pause = np.zeros(line.pause_ms * SPOKEN_RATE // 1000, np.int16)
        return list(self._pieces.cut(np.concatenate([heard, pause])))

    def pass_on(self, speech: Speech, begin: int) -> Speech:
        """What another engine spoke, its words moved by what came before it: `begin`, this reply's `made`."""
        self._pieces.made += len(speech.pcm) // 2
        return Speech(speech.pcm, tuple(Word(word.text, begin + word.start_sample) for word in speech.words))

    @property
    def made(self) -> int:
        """How many samples there are so far."""
        return self._pieces.made

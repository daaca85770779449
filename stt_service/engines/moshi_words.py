"""From the tokens that a Kyutai model writes, one a frame, to words with times.

Most tokens are padding. A word's first piece begins with a blank mark, or follows the token that ends a word.
"""

from dataclasses import dataclass, field
from typing import Protocol

from protos.sound import HEARD_RATE
from stt_service.engine import HeardWord, Hypothesis
from stt_service.engines.moshi_frames import FRAME_S

WORD_END, PADDING = 0, 3
BLANK = "▁"
FRAME_SAMPLES_16K = round(FRAME_S * HEARD_RATE)


class Tokenizer(Protocol):
    """SentencePiece's."""

    def id_to_piece(self, number: int) -> str: ...

    def decode(self, numbers: list[int]) -> str: ...


@dataclass(slots=True)
class _Word:
    frame: int
    tokens: list[int] = field(default_factory=list)


class WordWriter:
    """One utterance. `lead_frames`: how many frames after a sound its word is written."""

    def __init__(self, tokenizer: Tokenizer, lead_frames: int) -> None:
        self._tokenizer, self._lead = tokenizer, lead_frames
        self._words: list[_Word] = []
        self._ended = True
        self._frame = 0

    def take(self, token: int) -> bool:
        """The token of the next frame; whether the text has changed by it."""
        frame, self._frame = self._frame, self._frame + 1
        if token == WORD_END:
            self._ended = True
        if token in (WORD_END, PADDING) or token < 0:
            return False
        if self._ended or not self._words or self._tokenizer.id_to_piece(token).startswith(BLANK):
            self._words.append(_Word(frame))
        self._ended = False
        self._words[-1].tokens.append(token)
        return True

    @property
    def heard(self) -> Hypothesis:
        words = [(self._tokenizer.decode(word.tokens).strip(), self._begin(word)) for word in self._words]
        known = tuple(HeardWord(text, sample) for text, sample in words if text)
        return Hypothesis(" ".join(word.text for word in known), known)

    def _begin(self, word: _Word) -> int:
        return max(word.frame - self._lead, 0) * FRAME_SAMPLES_16K

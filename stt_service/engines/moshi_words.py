"""From the tokens that a Kyutai model writes, one a frame, to words with times.

Most tokens are padding. A word's first piece begins with a blank mark, or follows the token that ends a word.
"""

from typing import Protocol

from stt_service.engine import HeardWord, Hypothesis
from stt_service.engines.moshi_frames import FRAME_SAMPLES

WORD_END, PADDING = 0, 3
BLANK = "▁"


class Tokenizer(Protocol):
    """SentencePiece's."""

    def id_to_piece(self, number: int) -> str: ...

    def decode(self, numbers: list[int]) -> str: ...


class WordWriter:
    """One utterance. `delay_frames`: how many frames after a sound its word is written."""

    def __init__(self, tokenizer: Tokenizer, delay_frames: int) -> None:
        self._tokenizer, self._delay = tokenizer, delay_frames
        self._words: list[HeardWord] = []
        """Those that are whole: they are decoded once."""
        self._tokens: list[int] = []
        """Of the word under way."""
        self._sample = 0
        self._ended = True
        self._frame = 0

    def take(self, token: int) -> bool:
        """The token of the next frame; whether the text has changed by it."""
        frame, self._frame = self._frame, self._frame + 1
        if token == WORD_END:
            self._ended = True
        if token in (WORD_END, PADDING) or token < 0:
            return False
        if self._ended or not self._tokens or self._tokenizer.id_to_piece(token).startswith(BLANK):
            self._words += self._under_way()
            self._tokens, self._sample = [], max(frame - self._delay, 0) * FRAME_SAMPLES
        self._ended = False
        self._tokens.append(token)
        return True

    @property
    def heard(self) -> Hypothesis:
        words = (*self._words, *self._under_way())
        return Hypothesis(" ".join([word.text for word in words]), words)

    def _under_way(self) -> list[HeardWord]:
        """Nothing where it has no letter yet."""
        text = self._tokenizer.decode(self._tokens).strip() if self._tokens else ""
        return [HeardWord(text, self._sample)] if text else []

"""Moonshine's vocabulary, and how what it wrote is read: tokens to text and to words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BEGIN, END = 1, 2
TOKENS_PER_S = 6.5
"""Nobody speaks faster. What is not speech makes the model write without end: it is cut here."""
_BLANK = "▁"
_SPECIAL = re.compile(rb"<<.*>>|<s>|</s>|<unk>")
_SPOKEN = re.compile(r"\w")
_ENGLISH = re.compile(r"[a-z0-9]")
INVENTED = frozenset({"you", "thank you for watching"})
"""What it writes of silence, noise, clicks and music, and as sure of itself as of speech."""
HUMMED = frozenset({"ah", "hm", "hmm", "huh", "mm", "oh", "uh", "um"})
"""And of whatever hums."""
LEAST_CONFIDENCE, LEAST_OF_REPEATS, LEAST_OF_HUMS = -0.8, -0.35, -0.2
"""The mean log probability of the tokens below which a text is invented; likewise one that says a word three
times or more, and one of hums alone. Of words in 5 dB of noise it is mostly above -0.4.
"""


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word, with the number of the token that begins it."""

    text: str
    token: int


def read_vocabulary(raw: bytes) -> list[bytes]:
    """Its tokens by number. Each is its length (two bytes from 128 on, the low seven bits first) and bytes.

    Raises ValueError where the file ends in a token's middle.
    """
    tokens: list[bytes] = []
    place = 0
    try:
        while place < len(raw):
            length = raw[place]
            place += 1
            if length >= 128:
                length += (raw[place] - 1) * 128
                place += 1
            token = raw[place : place + length]
            if len(token) < length:
                raise IndexError
            tokens.append(_plain(token))
            place += length
    except IndexError:
        raise ValueError("the vocabulary ends in the middle of a token") from None
    return tokens


def _plain(token: bytes) -> bytes:
    """What a token adds to the text: nothing where it only steers the model."""
    return b"" if _SPECIAL.fullmatch(token) else token


def most_tokens(samples: int, rate: int) -> int:
    """The longest text that so much sound may be."""
    return 2 + round(TOKENS_PER_S * samples / rate)


def read_text(pieces: Sequence[bytes]) -> str:
    """The text of tokens in order. Empty where nothing in it can be said: notes, dots, dashes."""
    text = b"".join(pieces).decode(errors="ignore").replace(_BLANK, " ")
    return " ".join(text.split()) if _SPOKEN.search(text) else ""


def is_invented(text: str, confidence: float) -> bool:
    """Whether it says nothing that was said; `confidence`: the mean log probability of its tokens."""
    words = re.findall(r"[\w']+", text.lower())
    if confidence < LEAST_CONFIDENCE or " ".join(words) in INVENTED or not _ENGLISH.search(text.lower()):
        return True
    if HUMMED.issuperset(words):
        return confidence < LEAST_OF_HUMS
    return len(words) > 2 and len(set(words)) == 1 and confidence < LEAST_OF_REPEATS


def read_words(pieces: Sequence[bytes]) -> list[WrittenWord]:
    """The words of the text that can be said; a token that begins with a blank begins one."""
    begins = [i for i, piece in enumerate(pieces) if i == 0 or piece.startswith(_BLANK.encode())]
    words = []
    for begin, end in pairwise([*begins, len(pieces)]):
        text = read_text(pieces[begin:end])
        if text:
            words.append(WrittenWord(text, begin))
    return words

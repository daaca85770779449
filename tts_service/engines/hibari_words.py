"""A clause laid out for Hibari: what it speaks at once, and at which phoneme each word begins. Pure.

The library rewrites a text before it reads it: "10:30" is spoken as two words, "$5 million" in another order.
Its words are matched with the text's; where it kept them, a word's place is exact.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from tts_service.text.digits import spell_digits
from tts_service.text.pauses import pause_ms

MOST_PHONEMES = 200
"""Spoken at once at speed 1.0, fewer at less: some 13 s of sound, which take 0.1 s and 70 MB."""
_LEAST_SHARE = 0.6
"""How much of its share a line must have to end at a comma."""
MOST_CHARACTERS = 250
"""Read at once. A clause of the service's has 200 at most."""
LONGEST_WORD = 30
"""Of a longer one the library would read the beginning only."""
SILENT = frozenset(';:,.!?—…"()“” ˈˌ')
"""Characters among phonemes that have no sound of their own."""

Read = Callable[[str], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Line:
    """`words`: those of the text that begin here, each with the index of the phoneme at which it does.

    `pause_ms`: the silence after it.
    """

    phonemes: str
    words: tuple[tuple[str, int], ...]
    pause_ms: int

    @property
    def is_spoken(self) -> bool:
        return not SILENT.issuperset(self.phonemes)


@dataclass(frozen=True, slots=True)
class _Place:
    """A word of the library's: from which to which phoneme of which line it sounds."""

    line: int
    begin: int
    end: int


def parts(clause: str) -> Iterator[list[str]]:
    """A clause's words, as many at once as are to be read together."""
    part: list[str] = []
    length = 0
    for word in clause.split():
        if part and length + len(word) > MOST_CHARACTERS:
            yield part
            part, length = [], 0
        part.append(word)
        length += len(word) + 1
    if part:
        yield part


def lay_out(words: list[str], read: Read, phonemes: frozenset[str], speed: float) -> list[Line]:
    """The lines of one part of a clause. Args: the library's reading, and the phonemes that it speaks."""
    readings = [_readable(reading).split() for reading in spell_digits(words)]
    said = read(" ".join(word for reading in readings for word in reading))
    spoken = ["".join(filter(phonemes.__contains__, phoneme)) for _, phoneme in said]
    lines, places = _fill(spoken, round(MOST_PHONEMES * min(speed, 1.0)))
    at = match([word for reading in readings for word in reading], [word for word, _ in said])
    found: list[list[tuple[str, int]]] = [[] for _ in lines]
    first = 0
    for word, reading in zip(words, readings, strict=True):
        if re.search(r"\w", word):
            line, index = _find(places, at[first] if first < len(at) else len(said))
            found[line].append((word, index))
        first += len(reading)
    ends = [
        max((i for i, place in enumerate(places) if place.line == n), default=0) for n in range(len(lines))
    ]
    return [
        Line(line, tuple(found[n]), pause_ms(said[ends[n]][0] if n + 1 < len(lines) else words[-1]))
        for n, line in enumerate(lines)
    ]


def match(text: list[str], said: list[str]) -> list[float]:
    """For each word of the text, ascending, which of the words that are said it is.

    A fraction: several words of the text became one. The number of words said: it comes after them all.
    """
    at: list[float] = []
    matcher = SequenceMatcher(
        None, [_key(word) for word in text], [_key(word) for word in said], autojunk=False
    )
    for _, begin, end, other_begin, other_end in matcher.get_opcodes():
        at += [other_begin + i * (other_end - other_begin) / (end - begin) for i in range(end - begin)]
    return at


def _key(word: str) -> str:
    """What is the same in a word of the text and in the library's: letters and digits."""
    return re.sub(r"\W", "", word).lower()


def _readable(reading: str) -> str:
    """Without what is a command to the library; accents joined to letters; long words in several."""
    text = unicodedata.normalize("NFC", reading.replace("](", "] ("))
    return re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", r"\1 ", text)


def _fill(spoken: list[str], most: int) -> tuple[list[str], list[_Place]]:
    """The words' phonemes in lines about equally long, none longer than `most` where words allow it."""
    lines, places = [""], []
    left = sum(len(word) + 1 for word in spoken)  # from the beginning of the last line on
    for word in spoken:
        line = lines[-1]
        if left > most and line:
            share = left / -(-left // most)
            enough = share * _LEAST_SHARE if line.endswith(_PAUSES) else share
            if len(line) >= enough or len(line) + len(word) >= most:
                left -= len(line) + 1
                lines.append("")
        line = f"{lines[-1]} {word}" if lines[-1] and word else lines[-1] + word
        begin = len(line) - len(word)
        marks = len(word) - len(word.lstrip(_MARKS))
        # Its sound begins already in the space or the mark before it.
        places.append(_Place(len(lines) - 1, max(begin + marks - 1, 0), len(line)))
        lines[-1] = line
    return lines, places


def _find(places: list[_Place], at: float) -> tuple[int, int]:
    """The line and the phoneme at which a word begins."""
    if int(at) >= len(places):
        return (places[-1].line, places[-1].end) if places else (0, 0)
    place = places[int(at)]
    return place.line, place.begin + round((at - int(at)) * (place.end - place.begin))


_MARKS = "".join(SILENT - {"ˈ", "ˌ"})
_PAUSES = tuple(";:,.!?—…")

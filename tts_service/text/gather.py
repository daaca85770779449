"""From text that comes cut anywhere to what an engine speaks well: clauses or words.

Sans-IO classes with thin generators over them. Where a clause ends depends on the text alone, never on how it
was cut or when it came, so any replay speaks alike. What comes out is speakable already; memory is bounded by
one clause, whatever comes in.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator

from tts_service.text.fences import FenceFilter
from tts_service.text.speakable import speakable

MAX_CHARACTERS = 200
SLICE_CHARACTERS = 4096
"""A longer piece is taken in slices of about 4 ms, and other lanes run in between."""
FIRST_WORDS = 6
"""The first clause ends after so many words at the latest: about the time the engine takes for the next."""

_SENTENCE_ENDS = ".!?…"
_SOFT_ENDS = ",;:،؛"
_UNSPACED_ENDS = frozenset("。！？．")
"""Chinese and Japanese put no space after these."""
_UNSPACED_SOFT_ENDS = frozenset("，、；：")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_CLOSERS = "\"'”’»)]}*_~`"
_ABBREVIATION = re.compile(  # a name, a number or the rest of the sentence follows
    r"(?:mr|mrs|ms|dr|prof|st|sr|jr|rev|gen|sen|rep|capt|lt|col|sgt|mt|ave|e\.g|i\.e|etc|vs|cf|al|approx|dept"
    r"|est|fig|inc|ltd|co|corp|vol|pp|ca|jan|feb|apr|aug|sept?|oct|nov|dec)\."
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"\d{1,3}[.)]")


class Flush:
    """Stands between pieces of text: speak what is gathered without waiting for more."""


class ClauseGatherer:
    """Clauses of at most 200 characters: the first as short as it may be, the later whole sentences."""

    def __init__(self) -> None:
        self._fences = FenceFilter()
        self._clause = ""
        self._is_first = True

    def feed(self, piece: str) -> list[str]:
        """The clauses that these characters complete."""
        return self._gather(self._fences.feed(piece))

    def flush(self) -> list[str]:
        """What is gathered. The next clause is a first one again: nothing may be left to play by then."""
        clauses = self._cut(len(self._clause))
        self._is_first = True
        return clauses

    def finish(self) -> list[str]:
        """The text is over: what is left of it."""
        return self._gather(self._fences.finish()) + self.flush()

    def _gather(self, text: str) -> list[str]:
        clauses: list[str] = []
        for character in text:
            if character.isspace():
                if self._clause and self._ends_at(character):
                    clauses += self._cut(len(self._clause))
                elif self._clause:
                    self._clause += character
            else:
                self._clause += character
                if self._ends_unspaced(character):
                    clauses += self._cut(len(self._clause))
            if len(self._clause) >= MAX_CHARACTERS:
                clauses += self._cut(_last_pause(self._clause))
        return clauses

    def _ends_at(self, space: str) -> bool:
        """Whether the clause is over when this space follows it."""
        if space in _LINE_ENDS:
            return True
        words = self._clause.split()
        if not words or (len(words) == 1 and _LIST_NUMBER.fullmatch(words[0])):
            return False
        last = words[-1].rstrip(_CLOSERS)
        if _ends_sentence(last):
            return True
        if not self._is_first or not last:
            return False
        return last[-1] in _SOFT_ENDS or (len(words) >= FIRST_WORDS and not _goes_on(last))

    def _ends_unspaced(self, character: str) -> bool:
        return character in _UNSPACED_ENDS or (self._is_first and character in _UNSPACED_SOFT_ENDS)

    def _cut(self, length: int) -> list[str]:
        clause = speakable(self._clause[:length])
        self._clause = self._clause[length:].lstrip()
        if not clause:
            return []
        self._is_first = False
        return [clause]


class WordGatherer:
    """Single words with the punctuation that touches them."""

    def __init__(self) -> None:
        self._fences = FenceFilter()
        self._word = ""

    def feed(self, piece: str) -> list[str]:
        """The words that these characters complete."""
        return self._gather(self._fences.feed(piece))

    def flush(self) -> list[str]:
        """The word under way, complete or not."""
        word, self._word = speakable(self._word), ""
        return word.split()

    def finish(self) -> list[str]:
        """The text is over: its last word."""
        return self._gather(self._fences.finish()) + self.flush()

    def _gather(self, text: str) -> list[str]:
        words: list[str] = []
        for character in text:
            if not character.isspace():
                self._word += character
            if self._word and (character.isspace() or len(self._word) >= MAX_CHARACTERS):
                words += self.flush()
        return words


async def gather_clauses(pieces: AsyncIterator[str | Flush]) -> AsyncGenerator[str, None]:
    """Speakable clauses from text as it comes."""
    async for clause in _gather(pieces, ClauseGatherer()):
        yield clause


async def gather_words(pieces: AsyncIterator[str | Flush]) -> AsyncGenerator[str, None]:
    """Speakable words from text as it comes."""
    async for word in _gather(pieces, WordGatherer()):
        yield word


async def _gather(
    pieces: AsyncIterator[str | Flush], gatherer: ClauseGatherer | WordGatherer
) -> AsyncGenerator[str, None]:
    async for piece in pieces:
        if isinstance(piece, Flush):
            for gathered in gatherer.flush():
                yield gathered
            continue
        for start in range(0, len(piece), SLICE_CHARACTERS):
            for gathered in gatherer.feed(piece[start : start + SLICE_CHARACTERS]):
                yield gathered
            if start:
                await asyncio.sleep(0)
    for gathered in gatherer.finish():
        yield gathered


def _ends_sentence(word: str) -> bool:
    if not word or word[-1] not in _SENTENCE_ENDS:
        return False
    bare = word.lstrip("\"'“‘«([{*_~`").lower()
    if bare.strip(".") == "":  # ". . .": an ellipsis under way, or after a pause nobody needs
        return len(bare) > 1
    if _ABBREVIATION.fullmatch(bare):
        return False
    return bare in ("i.", "a.m.", "p.m.") or not _INITIALS.fullmatch(bare)


def _goes_on(word: str) -> bool:
    """Whether what follows may belong to this word: "10 000", "Mr. Smith", a lone mark."""
    return word[-1].isdigit() or word.endswith(".") or not word[-1].isalnum()


def _last_pause(clause: str) -> int:
    """Where to cut a clause that grew too long: after a comma or a word in its second half, else its end."""
    half = len(clause) // 2
    for separators in (r"[,;:،؛](?=\s)|[，、；：]", r"\s"):
        ends = [match.end() for match in re.finditer(separators, clause)]
        if ends and half < ends[-1] < len(clause):
            return ends[-1]
    return len(clause)

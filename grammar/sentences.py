"""Speech cut into pieces small enough to judge: sentences for the learner, clauses for the rules."""

import re
from collections.abc import Iterator

LONGEST_SENTENCE = 30  # words; a longer stretch without points is cut at its linking words
LONGEST_WORD = 40  # characters

_POINT = re.compile(r"(?<=[.!?;\n])\s+")
_LINK = re.compile(r" (?=(?:and|but|because|so|then|when|while|if)\b)", re.IGNORECASE)
# "and" stays with its clause: in "my brother and my sister go" it makes the verb right.
_LEADER = re.compile(r"(?:but|because|so|then|when|while|if) ", re.IGNORECASE)


def sentences(utterance: str) -> Iterator[str]:
    """Sentences of at most LONGEST_SENTENCE words, single-spaced, with straight apostrophes."""
    for stretch in _POINT.split(utterance.replace("’", "'")):
        words = [word[:LONGEST_WORD] for word in stretch.split()]
        if len(words) <= LONGEST_SENTENCE:
            pieces = [" ".join(words)]
        else:
            pieces = [piece for clause in _LINK.split(" ".join(words)) for piece in _cut(clause.split())]
        yield from (piece for piece in pieces if any(char.isalpha() for char in piece))


def clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """Each clause as (what leads it in, the rest); all of them joined give the sentence."""
    start = 0
    for end in (*(match.end() for match in _LINK.finditer(sentence)), len(sentence)):
        clause = sentence[start:end]
        leader = _LEADER.match(clause)
        cut = leader.end() if leader else 0
        yield clause[:cut], clause[cut:]
        start = end


def _cut(words: list[str]) -> Iterator[str]:
    for start in range(0, len(words), LONGEST_SENTENCE):
        yield " ".join(words[start : start + LONGEST_SENTENCE])

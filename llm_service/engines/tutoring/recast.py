"""Mistakes put right in passing: the tutor says the learner's own thought back as it should sound.

What counts as a mistake is said in `grammar`, by whose rules the analysis marks too: few of them, all sure,
for a wrong recast teaches a mistake and a missing one costs nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from grammar.checker import check
from grammar.sentences import clauses, sentences
from llm_service.engines.tutoring.hearing import LONGEST, Heard, capitalise, mirror, mirror_question
from llm_service.engines.tutoring.words import word_set

LONGEST_ECHO = 12
"""Words worth saying back."""
LONGEST_PAIR = 16
"""… of two clauses."""

_LINK = re.compile(r"^(?:and|but|because|so|then|that|when|while|if|who|which) ")
_QUESTION = re.compile(
    r"^(?:(?:where|when|why|what|how|who|which)(?: \w+){0,2} |)(?:do|does|did|is|are|was|were|can|could|will|"
    r"would|should|have|has) (?:i|you|he|she|it|we|they|this|that)\b"
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SUBJECTS = word_set("i you he she it we they my")
_LEFT_HANGING = word_set("a an the my your of to in on at with from for and or very so")


@dataclass(frozen=True, slots=True)
class Recast:
    """A clause put right, from the tutor's side and in lower case, without the linking word it began with."""

    spoken: str
    asks: bool
    """Whether it is a question, to be said as one."""

    @property
    def echo(self) -> str:
        """The words with capitals where they belong inside a sentence."""
        return capitalise(f"x {self.spoken}")[2:]


@lru_cache(maxsize=1024)
def recast(heard: Heard) -> Recast | None:
    """The first mistake put right, of a long clause the part around it, and a second one where both are
    short: who is told more hears none. None when nothing is surely wrong.
    """
    found = [_recast(said, right) for said, right in islice(_mended(heard), 2)]
    if len(found) == 2 and not (found[0].asks or found[1].asks):
        both = Recast(f"{found[0].spoken}, and {found[1].spoken}", asks=False)
        if len(both.spoken.split()) <= LONGEST_PAIR:
            return both
    return found[0] if found else None


def _recast(said: str, right: str) -> Recast:
    bare = _LINK.sub("", right)
    if _QUESTION.match(bare):
        return Recast(mirror_question(" ".join(bare.split()[:LONGEST_ECHO])), asks=True)
    return Recast(mirror(_around_the_change(said.split(), right.split())), asks=False)


@lru_cache(maxsize=8192)  # a clause is asked about several times in each reply
def mend(clause: str) -> str:
    """The clause with every known mistake put right, in lower case as it came."""
    correction = check(clause)
    if correction is None:
        return clause
    right = correction.right.lower()
    return right if "i am" in clause else right.replace("i am ", "i'm ")


def _mended(heard: Heard) -> Iterator[tuple[str, str]]:
    """Faulty clauses as said and as they should be: short ones, or else what the analysis finds.

    The tutor cuts speech into shorter parts than the analysis does, and a mistake may lie across its cuts.
    """
    # Of a run of words without sense only the beginning is read: no recogniser writes so much in one breath.
    short = [clause for clause in heard.clauses if len(clause.split()) <= LONGEST_ECHO]
    whole = [
        " ".join(_WORD.findall(clause.lower()))
        for sentence in sentences(heard.raw[:LONGEST])
        for _, clause in clauses(sentence)
    ]
    for clauses_of in (short, whole):
        faulty = [(clause, right) for clause in clauses_of if (right := mend(clause)) != clause]
        if faulty:
            return iter(dict.fromkeys(faulty))
    return iter(())


def _around_the_change(said: list[str], right: list[str]) -> str:
    """The clause, or at most LONGEST_ECHO words of it with what was put right among them."""
    if len(right) <= LONGEST_ECHO:
        return _LINK.sub("", " ".join(right))
    first = next((i for i, (a, b) in enumerate(zip(said, right, strict=False)) if a != b), 0)
    begins = [i for i in range(first + 1) if right[i] in _SUBJECTS and first - i < LONGEST_ECHO // 2]
    start = begins[0] if begins else max(first - 2, 0)
    kept = right[start : start + LONGEST_ECHO]
    while len(kept) > first - start + 2 and kept[-1] in _LEFT_HANGING:
        kept.pop()
    return _LINK.sub("", " ".join(kept))

"""How a conversation is scored. All scores are whole numbers from 0 to 100.

grammar     100 - 30 x (sentences with a mistake / sentences) - 200 x (mistakes / words)
vocabulary  60 x variety + 40 x length; variety is distinct words / sqrt(2 x words) against the level's
            measure, length the mean letters of the words that carry meaning against the level's measure
fluency     100 x mean words per utterance / the level's measure
final       40 % grammar + 30 % vocabulary + 30 % fluency
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "be",
        "but",
        "do",
        "for",
        "he",
        "i",
        "in",
        "is",
        "it",
        "my",
        "of",
        "on",
        "or",
        "she",
        "so",
        "that",
        "the",
        "they",
        "this",
        "to",
        "was",
        "we",
        "you",
    ]
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is enough for full marks at a level."""

    words_an_utterance: float
    variety: float
    letters: float


MEASURES = {
    "beginner": Measure(6.0, 2.5, 4.2),
    "intermediate": Measure(10.0, 3.5, 4.8),
    "advanced": Measure(14.0, 4.5, 5.4),
}


@dataclass(frozen=True, slots=True)
class Scores:
    grammar: int
    vocabulary: int
    fluency: int

    @property
    def final(self) -> int:
        return clamp(0.4 * self.grammar + 0.3 * self.vocabulary + 0.3 * self.fluency)


def clamp(score: float) -> int:
    return max(0, min(100, round(score)))


def words_in(text: str) -> list[str]:
    """The words of a text in lower case, of any script."""
    return _WORD.findall(text.lower())


def score(
    words: Sequence[str], utterances: int, sentences: int, faulty: int, mistakes: int, level: str
) -> Scores:
    """Scores for words said in so many utterances and sentences; an unknown level is intermediate."""
    if not words:
        return Scores(0, 0, 0)
    measure = MEASURES.get(level, MEASURES["intermediate"])
    grammar = 100 - 30 * faulty / max(sentences, 1) - 200 * mistakes / len(words)
    mean_words = len(words) / max(utterances, 1)
    fluency = 100 * mean_words / measure.words_an_utterance
    return Scores(clamp(grammar), clamp(_vocabulary(words, measure)), clamp(fluency))


def _vocabulary(words: Sequence[str], measure: Measure) -> float:
    content = [word for word in words if word not in _SMALL]
    variety = len(set(words)) / math.sqrt(2 * len(words)) / measure.variety
    letters = sum(map(len, content)) / max(len(content), 1) / measure.letters
    return 60 * min(variety, 1.0) + 40 * min(letters, 1.0)

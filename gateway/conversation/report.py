"""What an analysis says of the learner, in the gateway's terms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    original: str
    correction: str
    explanation: str


@dataclass(frozen=True, slots=True)
class AnalysisReport:
    """Scores 0 to 100. `engine` judged; `fallback`: why not the chosen one, empty: it was.

    `too_little`: was said to judge, or in a language that the judge does not know: the scores mean nothing.
    """

    grammar_score: int
    final_score: int
    mistakes: tuple[Mistake, ...] = ()
    strengths: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    engine: str = ""
    fallback: str = ""
    too_little: bool = False

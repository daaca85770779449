"""Makes one report of the judgements of all parts. The final score is counted, never the model's word."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from analysis_service.engine import Mistake, Report
from analysis_service.engines.advice import ALWAYS_STRONG, ALWAYS_USEFUL
from analysis_service.engines.judging.answer import Judgement, plain
from analysis_service.engines.judging.question import LEAST_ADVICE, MOST_STRENGTHS, MOST_SUGGESTIONS
from analysis_service.engines.rules import MOST_MISTAKES
from analysis_service.engines.scoring import Scores, clamp


def merge(judgements: Sequence[Judgement]) -> Report:
    """At least one judgement. Scores weigh as many words as the part had."""
    scores = Scores(
        _mean(judgements, [j.scores.grammar for j in judgements]),
        _mean(judgements, [j.scores.vocabulary for j in judgements]),
        _mean(judgements, [j.scores.fluency for j in judgements]),
    )
    return Report(
        grammar_score=scores.grammar,
        final_score=scores.final,
        mistakes=_distinct_mistakes(chain.from_iterable(j.mistakes for j in judgements)),
        strengths=_advice([j.strengths for j in judgements], ALWAYS_STRONG, MOST_STRENGTHS),
        suggestions=_advice([j.suggestions for j in judgements], ALWAYS_USEFUL, MOST_SUGGESTIONS),
    )


def _mean(judgements: Sequence[Judgement], scores: Sequence[int]) -> int:
    weights = [max(judgement.words, 1) for judgement in judgements]
    return clamp(sum(w * s for w, s in zip(weights, scores, strict=True)) / sum(weights))


def _distinct_mistakes(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Each once, however its capitals and points were written."""
    distinct: dict[tuple[str, str], Mistake] = {}
    for mistake in mistakes:
        distinct.setdefault((plain(mistake.original), plain(mistake.correction)), mistake)
    return tuple(distinct.values())[:MOST_MISTAKES]


def _advice(lists: Sequence[Sequence[str]], always: Sequence[str], most: int) -> tuple[str, ...]:
    """From each part in turn, its most telling first; what holds for anybody where too little is left."""
    distinct: dict[str, str] = {}
    for text in chain.from_iterable(zip_longest(*lists, fillvalue="")):
        if plain(text).strip():
            distinct.setdefault(plain(text), text)
    chosen = tuple(distinct.values())[:most]
    spare = [text for text in always if plain(text) not in distinct]
    return (*chosen, *spare[: max(LEAST_ADVICE - len(chosen), 0)])

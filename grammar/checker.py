"""All families of rules, asked one after the other about one sentence."""

from dataclasses import dataclass

from grammar import agreement, articles, plurals, prepositions, verbs, word_order
from grammar.rule import Rule
from grammar.sentences import clauses

# The order matters: "yesterday he go" is a past before it is a missing -s.
RULES: tuple[Rule, ...] = (
    *verbs.RULES,
    *agreement.RULES,
    *plurals.RULES,
    *articles.RULES,
    *prepositions.RULES,
    *word_order.RULES,
)


@dataclass(frozen=True, slots=True)
class Correction:
    """A sentence as it was said, as it should be, and one explanation for each mistake."""

    said: str
    right: str
    explanations: tuple[str, ...]


def check(sentence: str) -> Correction | None:
    """What is surely wrong with the sentence; None when nothing is."""
    right: list[str] = []
    explanations: list[str] = []
    for leader, clause in clauses(sentence):
        bare = clause.rstrip(" ")
        mended, reasons = _mend(bare)
        right.append(leader + mended + clause[len(bare) :])
        explanations += reasons
    if not explanations:
        return None
    return Correction(sentence, "".join(right), tuple(explanations))


def _mend(clause: str) -> tuple[str, list[str]]:
    reasons = []
    for rule in RULES:
        after = rule.mend(clause)
        if after != clause:
            clause = after
            reasons.append(rule.explanation)
    return clause, reasons

"""What to praise and what to practise next: two to five of each, always kind and always to the point."""

from collections.abc import Sequence

from analysis_service.engines.scoring import Scores

_HIGH, _LOW = 80, 60

ALWAYS_STRONG = (
    "You kept the conversation going in English.",
    "You weren't afraid to speak, and that's how people learn.",
)
ALWAYS_USEFUL = (
    "Speak a little every day, even if it's only five minutes.",
    "Learn new words together with a sentence you would really say.",
)


def strengths(scores: Scores, words: Sequence[str], utterances: int) -> tuple[str, ...]:
    """What went well, the most telling first."""
    found = [
        (scores.grammar >= 95, "Your sentences were almost free of mistakes."),
        (_HIGH <= scores.grammar < 95, "Most of your sentences were correct."),
        (scores.vocabulary >= _HIGH, "You used a good variety of words."),
        (scores.fluency >= _HIGH, "You spoke in full sentences and gave real answers."),
        ("because" in words, "You gave reasons for what you think with 'because'."),
        (utterances >= 8, "You stayed in the conversation for many turns."),
    ]
    return (*(text for holds, text in found if holds), *ALWAYS_STRONG)[:5]


def suggestions(scores: Scores, explanations: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """What to work on: the commonest mistakes first, then what the scores show."""
    commonest = sorted(set(explanations), key=lambda text: (-explanations.count(text), text))[:2]
    found = [
        *((True, f"Practise this: {text[:1].lower()}{text[1:]}") for text in commonest),
        (scores.fluency < _LOW, "Try longer answers: say what you think, and then why."),
        (scores.vocabulary < _LOW, "Try to use new words instead of the same ones."),
        ("because" not in words, "Join two short sentences with 'because', 'but' or 'when'."),
    ]
    return (*(text for holds, text in found if holds), *ALWAYS_USEFUL)[:5]

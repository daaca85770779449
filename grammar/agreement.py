"""Subject and verb: he goes, they were, people are, there are."""

import re

from grammar.lexicon import BASES, THINGS, plural, third_person
from grammar.rule import Rule, rule

_BASE = "|".join(BASES)
_KIN = (
    "mother|father|mom|mum|dad|brother|sister|wife|husband|friend|boss|son|daughter|teacher|"
    "grandmother|grandfather"
)
_ONE = rf"(?:he|she|my (?:{_KIN}))"
# What may stand before the subject of a statement: "does he go" and "help my mother cook" are right.
_LEAD = (
    r"(?:^|[,.;] |\b(?:but|because|so|when|that|sometimes|usually|every day|every morning|I think|I "
    r"know|in the morning|on sundays) )"
)
_ONE_IN_S = (
    "news|series|netherlands|states|philippines|politics|physics|maths|means|gas|lens|canvas|christmas|"
    "economics|alps|times|beatles"
)
_PLURALS = "|".join(plural(noun) for noun in THINGS)
_AGREE = "The verb must agree with its subject."
_HE_GOES = "With he, she or it, the verb takes an -s."


def _he_goes(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]} {third_person(match[3].lower())}"


_MANY = {
    "is": "are", "was": "were", "has": "have", "lives": "live", "likes": "like", "thinks": "think",
    "wants": "want", "goes": "go", "says": "say",
}  # fmt: skip
_SINGLE = {"are": "is", "have": "has", "like": "likes", "know": "knows", "want": "wants"}

RULES: tuple[Rule, ...] = (
    rule(rf"({_LEAD})({_ONE}) ({_BASE})\b", _he_goes, _HE_GOES),
    rule(rf"(^and )(he|she) ({_BASE})\b", _he_goes, _HE_GOES),
    rule(
        r"(^|\b(?:but|because|so) )(it) (make|take|look|need|cost|help|work|start|rain|depend)\b",
        lambda m: f"{m[1]}{m[2]} {third_person(m[3].lower())}",
        _HE_GOES,
    ),
    rule(rf"\b({_ONE}|it) don't\b", r"\1 doesn't", "With he, she or it, say 'doesn't'."),
    rule(rf"\b({_ONE}|it) (?:haven't) (?!(?:\w+ed|been|got|seen|done)\b)", r"\1 doesn't have ", _AGREE),
    rule(r"\b(they|we|you) was\b", r"\1 were", "With they, we and you, say 'were'."),
    rule(r"\b(they|we|you) wasn't\b", r"\1 weren't", "With they, we and you, say 'weren't'."),
    rule(r"\b(they|we|you) is\b", r"\1 are", "With they, we and you, say 'are'."),
    rule(r"(?<!(?:and|nor) )\b(he|she|it) are\b", r"\1 is", "With he, she or it, say 'is'."),
    rule(r"(?<!and )\bI (?:is|are)\b", "I am", "With I, say 'am'."),
    rule(r"\b(they|we|I|you) has\b", r"\1 have", "With I, you, we and they, say 'have'."),
    rule(r"\b(they|we|I|you) doesn't\b", r"\1 don't", "With I, you, we and they, say 'don't'."),
    rule(
        r"(?<!of )(?<!of the )\bpeople (is|was|has|lives|likes|thinks|wants|goes|says)\b",
        lambda m: f"people {_MANY[m[1].lower()]}",
        "'People' means more than one person.",
    ),
    rule(
        rf"\b(the|my|these|those|our) ({_PLURALS}) (is|was|has)\b",
        lambda m: m[0] if _inside_of(m) else f"{m[1]} {m[2]} {_MANY[m[3].lower()]}",
        "The subject is more than one, so the verb must be too.",
    ),
    rule(
        rf"(?<!of )\b(the) (?!{_ONE_IN_S})(\w\w+[a-hj-rtv-z]s) is\b",
        r"\1 \2 are",
        "The subject is more than one, so the verb must be too.",
    ),
    rule(
        rf"\bthere (is|was|'s) (many|two|three|four|five|six|seven|eight|nine|ten|several|a lot of "
        rf"(?=(?:{_PLURALS}|people)\b))",
        lambda m: f"there {'were' if m[1].lower() == 'was' else 'are'} {m[2]}",
        "With more than one, say 'there are'.",
    ),
    rule(
        r"\beverybody (are|have|like|know|want)\b",
        lambda m: f"everybody {_SINGLE[m[1].lower()]}",
        "'Everybody' takes a verb like 'he' does.",
    ),
    rule(
        r"\beveryone (are|have|like|know|want)\b",
        lambda m: f"everyone {_SINGLE[m[1].lower()]}",
        "'Everyone' takes a verb like 'he' does.",
    ),
)


def _inside_of(match: re.Match[str]) -> bool:
    """Whether another noun before it is the subject: "one of my friends is"."""
    return re.search(r"\b(?:of|in|for|about|with|at|on|to|from) $", match.string[: match.start()]) is not None

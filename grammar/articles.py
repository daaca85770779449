"""a, an, the: missing, doubled and wrong."""

from grammar.lexicon import TRADES
from grammar.rule import PHRASE_END, Rule, rule

_THING = (
    "apartment|baby|bicycle|bike|bird|boy|boyfriend|brother|camera|car|cat|computer|cousin|daughter|dog|"
    "flat|friend|garden|girl|girlfriend|horse|house|job|laptop|phone|rabbit|sister|son|book|umbrella|idea|"
    "question"
)
_ADJECTIVE = "big|small|new|good|little|old|nice|beautiful|younger|older"
_TRADE = "|".join(TRADES)
_MISSING = "A single thing that can be counted needs 'a' or 'an'."


def _with_article(words: str) -> str:
    return f"{'an' if words[0].lower() in 'aeiou' else 'a'} {words}"


RULES: tuple[Rule, ...] = (
    rule(
        rf"\b(have|has|had|want|need|bought|got) ((?:(?:{_ADJECTIVE}) )?(?:{_THING})){PHRASE_END}",
        lambda m: f"{m[1]} {_with_article(m[2])}",
        _MISSING,
    ),
    rule(
        rf"\b(I am|I'm|he is|she is|he's|she's|to be|to become) ((?:(?:good|young|new) "
        rf")?(?:{_TRADE})){PHRASE_END}",
        lambda m: f"{m[1]} {_with_article(m[2])}",
        "A job needs 'a' or 'an'.",
    ),
    rule(
        rf"\b(my (?:mother|father|brother|sister|wife|husband|friend) is) ({_TRADE}){PHRASE_END}",
        lambda m: f"{m[1]} {_with_article(m[2])}",
        "A job needs 'a' or 'an'.",
    ),
    rule(
        r"\b(it is|it's|this is|he is|she is) ((?:very )?(?:good|nice|beautiful|big|small|great) "
        rf"(?:city|book|film|movie|place|country|idea|day|house|person|friend|job)){PHRASE_END}",
        lambda m: f"{m[1]} {_with_article(m[2])}",
        _MISSING,
    ),
    rule(
        r"\ba (?=(?:apple|egg|orange|hour|umbrella|idea|office|island|engineer|artist|actor|accountant|"
        r"elephant|animal|apartment|exam|example|important|interesting|easy|old|amazing|excellent|"
        r"international|english|honest)\b)",
        "an ",
        "Before a vowel sound, say 'an'.",
    ),
    rule(
        r"\ban (?=(?:university|european|useful|uniform|dog|cat|car|house|book|teacher|student|job|big|"
        r"new|good|doctor)\b)",
        "a ",
        "Before a consonant sound, say 'a'.",
    ),
    rule(
        r"\b(?:the|a) (?=(?:my|your|his|their|our) \w)", "", "Use an article or a word like 'my', not both."
    ),
    rule(
        r"\bin (?:the )?(?=(?:January|February|April|June|July|August|September|October|November|"
        r"December)\b)",
        "in ",
        "No article before a month.",
    ),
    rule(
        r"\b(play|plays|playing|played) the (football|tennis|basketball|chess|volleyball)\b",
        r"\1 \2",
        "No article before a game.",
    ),
    rule(r"\b(go|goes|going|went) to (?:the )?bed\b", r"\1 to bed", "We say 'go to bed' without 'the'."),
    rule(
        r"\b(a) (informations?|advices?|homeworks?|furnitures?|musics?)\b",
        lambda m: f"some {m[2].rstrip('s')}",
        "This word can't be counted, so it takes no 'a'.",
    ),
    rule(
        r"\bin (morning|evening|afternoon)(?=\s*(?:[,.!?]|$)|\s+I\b)",
        r"in the \1",
        "We say 'in the morning'.",
    ),
    rule(
        r"\b(live|lives|living|born) in (USA|UK|united states|united kingdom|netherlands|philippines)\b",
        r"\1 in the \2",
        "This country's name takes 'the'.",
    ),
)

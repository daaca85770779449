"""Verb forms: pasts, the base after helpers, -ing and infinitives."""

import re

from grammar.lexicon import (
    ACTIONS,
    BASES,
    IRREGULAR,
    OVER_REGULAR,
    PAST_TO_BASE,
    ing,
    past,
    third_person,
    word_list,
)
from grammar.rule import Rule, rule

_ACTION = "|".join(ACTIONS)
_BASE = "|".join(BASES)
_PAST = "|".join(sorted(PAST_TO_BASE.keys() - set(IRREGULAR)))
_THIRD_TO_BASE = {third_person(base): base for base in BASES}
_PASTS_OF_ALL = {past(base): base for base in BASES}
_MODAL = r"(?:can|could|will|would|should|must|might|can't|couldn't|won't|wouldn't|shouldn't|mustn't)"
_PAST_TIME = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|year|summer|winter|weekend)|(?:days?|weeks?|months?|"
    r"years?) ago)\b",
    re.IGNORECASE,
)
_OTHER_TIME = re.compile(
    r"\b(?:every|usually|always|often|never|sometimes|now|today|since|will|tomorrow|from yesterday|if)\b",
    re.IGNORECASE,
)


def _into_past(match: re.Match[str]) -> str:
    """The whole sentence decides: it must speak of a past time and of no other."""
    if not _PAST_TIME.search(match.string) or _OTHER_TIME.search(match.string):
        return match[0]
    return f"{match[1]} {past(match[2].lower())}"


def _finished(match: re.Match[str]) -> str:
    """Without "have" beside a finished time: "I have gone there yesterday"."""
    if not _PAST_TIME.search(match.string) or _OTHER_TIME.search(match.string):
        return match[0]
    form = match[2].lower()
    if form == "been":
        return f"{match[1]} {'were' if match[1].lower() in {'we', 'they'} else 'was'}"
    base = _BASE_OF_PARTICIPLE.get(form) or _PASTS_OF_ALL.get(form, form)
    return f"{match[1]} {past(base)}"


def _was(match: re.Match[str]) -> str:
    if not _PAST_TIME.search(match.string) or _OTHER_TIME.search(match.string):
        return match[0]
    return f"{match[1]} {'were' if match[2].lower() == 'are' else 'was'}"


def _base_after(match: re.Match[str]) -> str:
    form = match[2].lower()
    return f"{match[1]} {_PASTS_OF_ALL.get(form) or _THIRD_TO_BASE.get(form, form)}"


def _participle(match: re.Match[str]) -> str:
    return f"{match[1]} {IRREGULAR[PAST_TO_BASE[match[2].lower()]][1]}"


_DIFFERENT_PARTICIPLE = "|".join(p for p, b in PAST_TO_BASE.items() if IRREGULAR[b][1] != p)
_BASE_OF_PARTICIPLE = {participle: base for base, (_, participle) in IRREGULAR.items()}
_DONE = "|".join(sorted({*_BASE_OF_PARTICIPLE, *_PASTS_OF_ALL}))
_ALSO_NOUNS = word_list(
    "visit work dance change love study help start walk play talk travel drink watch cook call finish move "
    "climb code cycle draw fight hike jog jump paint rest ride shop spell wash"
)
_ONLY_VERB = "|".join(base for base in ACTIONS if base not in _ALSO_NOUNS)
_ANY_PAST = "|".join(sorted(_PASTS_OF_ALL.keys() - set(BASES)))
_THIRD = "|".join(_THIRD_TO_BASE)
_OVER_REGULAR = "|".join(OVER_REGULAR)

RULES: tuple[Rule, ...] = (
    rule(
        rf"\b({_OVER_REGULAR})\b",
        lambda m: OVER_REGULAR[m[1].lower()],
        "This verb has its own past form.",
    ),
    rule(
        rf"\b(I|he|she|we|they) (?:have|has) (been|{_DONE})\b",
        _finished,
        "For a finished time in the past, use the past form without 'have'.",
    ),
    rule(
        rf"(?<!did )\b(I|he|she|we|they) ({_ACTION})\b(?! you\b)",
        _into_past,
        "For a finished time in the past, use the past form of the verb.",
    ),
    rule(
        rf"^((?!(?:I|we|he|she|they|you|did|do|does) )(?:\w+ ){{0,2}}?my \w+) ({_ACTION})\b",
        _into_past,
        "For a finished time in the past, use the past form of the verb.",
    ),
    rule(
        r"\b(I|he|she|it|we|they) (am|is|are)\b(?! going)",
        _was,
        "For a finished time in the past, use 'was' or 'were'.",
    ),
    rule(
        rf"\b(didn't|did not|doesn't|does not|don't|do not) ({_ANY_PAST})\b",
        _base_after,
        "After 'do', 'does' and 'did', use the base form of the verb.",
    ),
    rule(
        rf"\b(didn't|did not|doesn't|does not|don't|do not) ({_THIRD})\b",
        _base_after,
        "After 'do', 'does' and 'did', use the base form of the verb.",
    ),
    rule(
        rf"\b({_MODAL}) to (?=(?:be|{_BASE})\b)", r"\1 ", "After words like 'can' and 'must', leave out 'to'."
    ),
    rule(
        rf"\b((?:I|you|he|she|it|we|they) {_MODAL}) ({_THIRD}|{_PAST})\b",
        _base_after,
        "After words like 'can' and 'must', use the base form of the verb.",
    ),
    rule(
        rf"\b(want|wants|wanted|need|needs|decided|hope) to ({_PAST})\b",
        lambda m: f"{m[1]} to {PAST_TO_BASE[m[2].lower()]}",
        "After 'to', use the base form of the verb.",
    ),
    rule(
        rf"\b(have|has|haven't|hasn't|have never|has never|have already) ({_DIFFERENT_PARTICIPLE})\b",
        _participle,
        "After 'have', use the third form of the verb.",
    ),
    rule(
        rf"\b(enjoy|enjoys|enjoyed|finish|finished|avoid|keep|don't mind) to ({_BASE})\b",
        lambda m: f"{m[1]} {ing(m[2].lower())}",
        "After this verb, use the -ing form.",
    ),
    rule(
        rf"\b(look(?:ing)? forward to|interested in|good at|afraid of|think about|thinking about) "
        rf"({_BASE})\b(?! of\b)",
        lambda m: f"{m[1]} {ing(m[2].lower())}" if m[2].lower() not in _ALSO_NOUNS else m[0],
        "After a preposition, use the -ing form.",
    ),
    rule(
        rf"\b((?:I|we|they|you) want|(?:he|she) wants|I wanted) (?=(?:{_ONLY_VERB})\b)",
        r"\1 to ",
        "After 'want', use 'to' before the verb.",
    ),
    rule(
        r"\b(I|we|they) (live|work|study) ((?:\w+ ){0,3})since (?=\w+ (?:days|weeks|months|years)\b)",
        lambda m: f"{m[1]} have {past(m[2].lower())} {m[3]}for ",
        "What began in the past and still goes on takes 'have' and, for a length of time, 'for'.",
    ),
    rule(r"\b(I|we|they|you) am agree\b", r"\1 agree", "'Agree' is a verb: no 'am' before it."),
    rule(r"\bI(?: am|'m) agree\b", "I agree", "'Agree' is a verb: no 'am' before it."),
    rule(r"\bI(?: am|'m) not agree\b", "I don't agree", "'Agree' is a verb: no 'am' before it."),
    rule(
        r"\b(they|we|you) (?:are not|aren't) agree\b",
        r"\1 don't agree",
        "'Agree' is a verb: no 'are' before it.",
    ),
    rule(r"\b(they|we|you) are agree\b", r"\1 agree", "'Agree' is a verb: no 'are' before it."),
    rule(r"\b(he|she) is agree\b", r"\1 agrees", "'Agree' is a verb: no 'is' before it."),
    rule(
        r"\bI(?: am|'m) born (?=in\b|on\b)",
        "I was born ",
        "We say 'I was born', because it is over.",
    ),
    rule(
        r"\bI have (\d\d|(?:twenty|thirty|forty|fifty|sixty)(?:[ -]\w+)?|\w{2,5}teen) years(?: "
        r"old)?(?=\s*(?:[,.!?]|$| and| but))",
        r"I am \1 years old",
        "For age, English uses 'be': 'I am ... years old'.",
    ),
)

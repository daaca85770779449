"""Mistakes put right in passing: the tutor says the learner's own thought back as it should sound.

Few rules, all of them sure: a wrong recast teaches a mistake, a missing one costs nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from llm_service.engines.tutoring.hearing import Heard, mirror
from llm_service.engines.tutoring.verbs import BASES, IRREGULAR_PAST, OVER_REGULAR, past, third_person

LONGEST_ECHO = 12  # words of a clause worth saying back


@dataclass(frozen=True, slots=True)
class Recast:
    """A clause put right, from the learner's side, and what in it was wrong first."""

    clause: str
    family: str

    @property
    def spoken(self) -> str:
        """The clause from the tutor's side, without the linking word it began with."""
        return mirror(re.sub(r"^(?:and|but|because|so|then|that) ", "", self.clause))


Fix = str | Callable[[re.Match[str]], str]

_PLURALS = {
    "baby": "babies",
    "city": "cities",
    "country": "countries",
    "child": "children",
    "class": "classes",
}
_ONE_TOO_MANY = {"child": "children", "man": "men", "woman": "women"}  # "childs", "mans", "womans"
# Verbs that stay in the present beside "yesterday": "I think yesterday was fun".
_ACTION = "|".join(sorted(BASES - {"think", "know", "like", "love", "need", "want", "read", "feel", "do"}))
_BASE = "|".join(sorted(BASES - {"read"}))
_KIN = "mother|father|mom|mum|dad|brother|sister|wife|husband|friend|boss|son|daughter|teacher"
_ONE = rf"(?:he|she|my (?:{_KIN}))"
# What may stand before the subject of a statement; "does he go" and "help my mother cook" are right.
_LEAD = r"^((?:(?:but|because|so|when|if|that|then|sometimes|usually|every day|i think|i know) )*)"
_LAST = "and|but|because|so|in|at|with|from|for|to|it|he|she|his|her|its|too|now|here|who|that|named|called"
_END = rf"(?= (?:{_LAST})\b|$)"
_THING = (
    "dog|cat|car|house|bike|job|brother|sister|son|daughter|friend|girlfriend|boyfriend|computer|phone|"
    "book|garden|flat|bird|horse|rabbit|baby|boy|girl"
)
_COUNTED = (
    f"{_THING}|city|country|day|week|month|hour|film|movie|game|question|apple|banana|egg|orange|ticket|"
    "hotel|room|child|photo|song|team|class"
)
_TRADE = "student|teacher|doctor|engineer|nurse|driver|lawyer|cook|waiter|manager|programmer|developer|artist"
_NUMBER = "two|three|four|five|six|seven|eight|nine|ten|many|several|few"
_DONE_WELL = "plays?|speaks?|sings?|swims?|cooks?|dances?|drives?|writes?"
_TENS = "twenty|thirty|forty|fifty|sixty"
_SKILL = "tennis|football|maths?|english|sports?|cooking|singing|swimming|chess|music"
_ONE_IN_S = (
    "news|series|netherlands|states|philippines|politics|physics|maths|means|gas|lens|canvas|christmas"
)
_DAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

_PAST_TIME = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|year|summer|weekend)|(?:days|weeks|years) ago)\b"
)
_OTHER_TIME = re.compile(
    r"\b(?:every|usually|always|often|never|now|today|since|will|tomorrow|from yesterday)\b"
)


def _bare(form: str) -> str:
    return next(base for base, past_form in IRREGULAR_PAST.items() if past_form == form)


# Order matters: an article is put in before "a" is looked at.
_RULES: tuple[tuple[str, str, Fix], ...] = (
    ("fixed", r"\b(?:i am|i'm) agree\b", "i agree"),
    (
        "fixed",
        rf"\bi have ((?:{_TENS})(?: \w+)?|\w*teen|[1-9]\d) years(?: old)?{_END}",
        r"i'm \1 years old",
    ),
    ("fixed", rf"\b({_DONE_WELL}) ((?:\w+ )?(?:very |so )?)good{_END}", r"\1 \2well"),
    ("fixed", r"\bmore (better|worse|easier|bigger|smaller|cheaper|faster|older|happier)\b", r"\1"),
    ("plural", r"\b(child|man|woman)s\b", lambda m: _ONE_TOO_MANY[m[1]]),
    ("plural", r"\b(children|people|men|women)s\b", r"\1"),
    ("plural", rf"\b({_NUMBER}) ({_COUNTED}){_END}", lambda m: f"{m[1]} {_PLURALS.get(m[2], m[2] + 's')}"),
    ("past", rf"\b({'|'.join(OVER_REGULAR)})\b", lambda m: OVER_REGULAR[m[1]]),
    (
        "past",
        r"\b(didn't|did not) (went|saw|ate|came|bought|took|made|had|got|knew)\b",
        lambda m: f"{m[1]} {_bare(m[2])}",
    ),
    ("person", rf"{_LEAD}({_ONE}) ({_BASE})\b", lambda m: f"{m[1]}{m[2]} {third_person(m[3])}"),
    ("person", rf"\b({_ONE}) don't\b", r"\1 doesn't"),
    ("agreement", r"\b(they|we|you) was\b", r"\1 were"),
    ("agreement", r"\b(they|we|you) is\b", r"\1 are"),
    ("agreement", r"\b(he|she|it) are\b", r"\1 is"),
    ("agreement", r"\bi (?:is|are)\b", "i am"),
    ("agreement", r"\b(they|we|i) has\b", r"\1 have"),
    ("agreement", rf"(?<!of )\bthe (?!{_ONE_IN_S})(\w\w+[a-hj-rtv-z]s) is\b", r"the \1 are"),
    ("agreement", r"(?<!of )(?<!of the )\bpeople is\b", "people are"),
    ("agreement", r"(?<!of )(?<!of the )\bpeople was\b", "people were"),
    ("article", rf"\b(have|has|had|want|need|bought|got) ({_THING}){_END}", r"\1 a \2"),
    ("article", rf"\b(i'm|i am|he is|she is|he's|she's) ({_TRADE}){_END}", r"\1 a \2"),
    ("article", r"\ba (?=engineer|artist|hour|apple|orange|egg|umbrella|idea|office|island)", "an "),
    ("preposition", rf"\bgood in (?=(?:{_SKILL})\b)", "good at "),
    ("preposition", r"\blisten (?=(?:music|radio|songs|podcasts|the radio)\b)", "listen to "),
    ("preposition", r"\b(go|went|come|came) to home\b", r"\1 home"),
    ("preposition", r"\bdepends? of\b", "depends on"),
    ("preposition", r"\binterested (?:on|about|for)\b", "interested in"),
    ("preposition", r"\bmarried with\b", "married to"),
    ("preposition", rf"\bin ({_DAY})\b", r"on \1"),
)
_COMPILED = tuple((family, re.compile(pattern), fix) for family, pattern, fix in _RULES)


def recast(heard: Heard) -> Recast | None:
    """The first short clause with a mistake, put right; None when nothing is surely wrong."""
    for clause in heard.clauses:
        if len(clause.split()) <= LONGEST_ECHO and (better := _mend(clause)):
            return better
    return None


def mend(clause: str) -> str:
    """The clause with every known mistake put right."""
    better = _mend(clause)
    return better.clause if better else clause


def _mend(clause: str) -> Recast | None:
    """The past comes before the third person, so that "yesterday he go" becomes "went"."""
    fixed = _into_past(clause)
    family = "past" if fixed != clause else ""
    for rule_family, pattern, fix in _COMPILED:
        after = pattern.sub(fix, fixed)
        if after != fixed:
            fixed, family = after, family or rule_family
    return Recast(fixed, family) if family else None


_ACTED = re.compile(rf"(?<!did )\b(i|he|she|we|they) ({_ACTION})\b")
_KIN_ACTED = re.compile(rf"^((?!(?:i|we|he|she|they|you) )(?:\w+ ){{0,2}}?my \w+) ({_ACTION})\b")


def _into_past(clause: str) -> str:
    """What was said of a past time put into the past: "yesterday i go" gives "yesterday i went"."""
    if not _PAST_TIME.search(clause) or _OTHER_TIME.search(clause):
        return clause
    for pattern in (_ACTED, _KIN_ACTED):
        clause = pattern.sub(lambda m: f"{m[1]} {past(m[2])}", clause)
    clause = re.sub(r"\b(i|he|she|it) (?:am|is)\b(?! going)", r"\1 was", clause)
    return re.sub(r"\b(we|they) are\b(?! going)", r"\1 were", clause)

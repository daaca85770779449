"""Whether words call for more: nobody ends on "and", nor in the middle of a number that they read out.

Recognisers end what they heard with a full stop wherever it ended, so that says nothing; a comma does.
"""

import re

from gateway.conversation.language import base_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phrase.split()) for phrase in text.split(","))


LONGEST_NUMBER = 10
"""Digits of a telephone number without its country: whoever has said so many has said all."""
_HESITATION = _words("um uh er erm uhm hmm eh euh äh ähm")
_OPEN = {
    "en": _words(
        "and but or because although unless while whereas whether between the a an my your our their of than "
        "plus i'm i've we're we've they're you're gonna wanna"
    ),
    "es": _words("y e o u pero porque aunque si mientras el los las un una de del al mi tu su con que"),
    "fr": _words("et ou mais parce car si le les un une des de du au aux mon ma mes ton ta avec que"),
    "de": _words("und oder aber weil obwohl wenn während ein eine einen einem einer von mein meine dein"),
}
"""By language: words that no sentence ends with."""
_LEADING = _phrases(
    "tell me,show me,ask you,to ask,to know,wondering,do you know,explain to me,question is,problem is,"
    "thing is,a question,one question,quick question,question for you,something to say"
)
"""What a question begins with that is asked in the next breath. English, as all that follows: of other
languages less is known.
"""
_CONDITIONS = _words("if although though unless whenever")
_TIMES = _words("when while before after since as until once")
"""Likewise, before one of these."""
_PERSONS = _words("i you he she it we they there this that")
_BEING = _words("is are was were am")
_ASKING = _words("what where who whose how why which when")
_SAYING = _words("think thinks thought say says said believe know knew mean means hope is was so heard feel")
_SUBJECTS = _words("i you he she it we they there this that what who where how why which please let can")
MOST_OF_A_CONDITION = 8
"""Words. Whoever has said more has said what follows from it."""
_GIVING = _phrases(
    "call me at,call me on,reach me at,reach me on,text me at,ring me on,spelled,spelt,mail is,address is"
)
MOST_GIVEN = 6
"""Words after these: it may be all by then."""
_DIGITS = _words("zero oh one two three four five six seven eight nine")
_REPEATED = _words("double triple")
_ANNOUNCING = _words(
    "number phone telephone mobile cell code pin account card número teléfono numéro téléphone nummer"
)
"""After these a single group begins a number too: recognisers write "five five five" as 555."""
_OF_ADDRESSES = _words("dot underscore hyphen dash slash")
_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_NUMERALS = re.compile(r"[\d\-. ]+")


def calls_for_more(text: str, language: str) -> bool:
    """`text`: what was understood so far. `language`: as the agent has it; of unknown ones digits, letters
    and commas are understood.
    """
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    if not words:
        return False
    last, base = words[-1], base_of(language)
    return (
        text.rstrip().endswith((",", "-", "…", "..."))
        or last in _HESITATION
        or last in _OPEN.get(base, ())
        or last in _REPEATED
        or _reads_digits(words)
        or _spells(words)
        or _dictates_an_address(words)
        or (base == "en" and _is_half_a_sentence(words, text))
    )


def _reads_digits(words: list[str]) -> bool:
    """In the middle of a number read out: groups of figures, or digits one by one, and too few of them."""
    groups = digits = 0
    for word in reversed(words):
        if word in _DIGITS:
            digits += 1
        elif _NUMERALS.fullmatch(word):
            digits += sum(sign.isdigit() for sign in word)
            groups += word.count("-")
        elif word not in _REPEATED:
            break
        groups += 1
    announced = digits > 1 and not _ANNOUNCING.isdisjoint(words)
    return (groups > 1 or announced) and digits < LONGEST_NUMBER


def _spells(words: list[str]) -> bool:
    """Letter by letter: two at least, each alone or joined by hyphens or points."""
    letters = 0
    for word in reversed(words):
        parts = re.split(r"[-.]", word)
        if not all(len(part) == 1 and part.isalpha() for part in parts):
            break
        letters += len(parts)
    return letters > 1


def _is_half_a_sentence(words: list[str], text: str) -> bool:
    return _leads(words) or _only_sets_a_condition(words, text) or _gives(words) or _only_names(words)


def _only_names(words: list[str]) -> bool:
    """What it is about, and not what of it: "my favourite food is", "I think that"; not "what this is"."""
    *before, last = words
    if not before or not _ASKING.isdisjoint(words):
        return False
    return (last in _BEING and before[-1] not in _PERSONS) or (last == "that" and before[-1] in _SAYING)


def _leads(words: list[str]) -> bool:
    return any(tuple(words[-len(phrase) :]) == phrase for phrase in _LEADING)


def _only_sets_a_condition(words: list[str], text: str) -> bool:
    """And does not say yet what follows from it."""
    is_time = words[0] in _TIMES and len(words) > 1 and words[1] in _PERSONS
    if not (is_time or words[0] in _CONDITIONS) or len(words) > MOST_OF_A_CONDITION or "," in text:
        return False
    return sum(word in _SUBJECTS for word in words[1:]) < 2


def _gives(words: list[str]) -> bool:
    """A number or a spelling was announced, and little came of it that is understood."""
    if sum(len(word) if word.isdigit() else word in _DIGITS for word in words) >= LONGEST_NUMBER:
        return False
    return any(
        tuple(words[at : at + len(phrase)]) == phrase
        for phrase in _GIVING
        for at in range(max(len(words) - MOST_GIVEN - len(phrase), 0), len(words))
    )


def _dictates_an_address(words: list[str]) -> bool:
    return words[-1] in _OF_ADDRESSES or (words[-1] == "at" and any("mail" in word for word in words))

"""What the learner has told the tutor about themselves, read anew from the whole history each turn."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from grammar.lexicon import BASES, ing
from llm_service.engines.tutoring.hearing import Heard, capitalise, mirror
from llm_service.engines.tutoring.recast import mend
from llm_service.engines.tutoring.words import word_set

Kind = Literal["like", "dislike", "job", "from", "live", "have", "wish", "went", "named"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the learner said; `value` is worded from the tutor's side ("your garden")."""

    kind: Kind
    value: str


_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("dislike", re.compile(r"\bi (?:really )?(?:don't|do not) (?:really )?(?:like|love|enjoy) (.+)|\bi "
                           r"hate (.+)")),
    ("like", re.compile(
        r"\bi (?:also |really |just |still )?(?:like|love|enjoy|prefer|adore) (.+)"
        r"|\bi(?:'m| am) (?:interested in|fond of|into|good at|crazy about) (.+)"
        r"|\bmy favou?rite \w+(?: \w+)? (?:is|are) (.+)|\bmy hobb(?:y|ies) (?:is|are) (.+)")),
    ("job", re.compile(r"\bi(?:'m| am) (an? (?:\w+ )?\w+)$|\bi(?:'m| am) (an? \w+)(?= (?:in|at|from)\b)"
                       r"|\bi work as (an? (?:\w+ )?\w+)|\bmy job is (an? \w+)")),
    ("from", re.compile(r"\bi(?:'m| am| come) from (.+)")),
    ("live", re.compile(r"\bi (?:live|am living) in (.+)|\bi'm living in (.+)")),
    ("have", re.compile(r"\bi(?:'ve got| have got| have) ((?:an?|two|three|four|five|many) .+)")),
    ("wish", re.compile(
        r"\bi (?:really )?(?:want|hope|plan|would like) to (.+)|\bi'd like to (.+)"
        r"|\bi(?:'m| am) (?:going|planning) to (.+)|\bi will (.+)|\bi'll (.+)")),
    ("named", re.compile(
        r"\b(?:his|her|its|it's|\w+'s) name is (\w{2,15})(?= (?:and|he|she|it|he's|she's)\b|$)")),
    ("went", re.compile(r"\b(?:i|we) (?:went|travell?ed) to (.+)|\bi visited (.+)")),
)  # fmt: skip

# A value ends where a new thought, a time or a comment begins.
_STOP = re.compile(
    r" (?:because|but|so|when|since|if|which|that|who|i|i'm|we|they|he|she|it|his|her|its|very|too|also|"
    r"much|every|yesterday|today|tomorrow|tonight|now|really|or|for|with|on|at|near|close|far|in|next|last|"
    r"before|after|a lot|the most|there|then|is|are|was|please|sometimes|always|never|usually)\b.*"
)
_WISH_STOP = re.compile(
    r" (?:because|but|so|when|since|if|i|we|then|and|please|very|next|tomorrow|in the|with my)\b.*"
)
_INNER_FUNCTION = word_set(
    "is are was were be been am do does did not to from at on in by as than you i he she it they we them "
    "him this that these those what where how why all no yes up out down something anything lot"
)
_PLAIN_IN_PLACES = word_set(
    "a an the of small big little quiet nice old city town village flat house country"
)
_NOT_A_JOB = word_set("bit little lot person man woman boy girl few good bad big small")
_NOT_A_NAME = word_set(
    "a an the not from in at on so very good great fine well ok okay bad sad happy tired sick hungry here "
    "there going ready sorry sure busy bored boring student teacher doctor engineer learning trying just "
    "also really afraid angry alone married single yes no hello hi hey my i you it is and what nothing "
    "nice new old young called name english alex like love agree excited nervous interested back home "
    "cold hot ill lost doing working living feeling thinking looking talking speaking glad pleased "
    "stressed"
)
_NAME = r"([^\W\d_]{1,20}(?:'[^\W\d_]{1,20})?)"
_TOLD_NAME = re.compile(rf"\b(?:my name is|my name's|call me|i am called|i'm called) {_NAME}\b")
_BARE_NAME = re.compile(
    r"^(?:hi |hello |hey |well |yes |it's |it is )*(?:i am |i'm |this is "
    rf"){_NAME}$"
)
_ANSWERED_NAME = re.compile(rf"^(?:hi |hello |um |uh |it's |it is |i'm |i am )*{_NAME}(?: {_NAME})?$")


def facts_in(heard: Heard) -> tuple[Fact, ...]:
    """What one utterance tells, mistakes mended first."""
    found = (_fact(kind, pattern, mend(clause)) for clause in heard.clauses for kind, pattern in _PATTERNS)
    return tuple(dict.fromkeys(fact for fact in found if fact))


def name_in(heard: Heard, was_asked: bool) -> str | None:
    """The name the learner gives; a bare word counts only as the answer to the question for it."""
    for clause in heard.clauses:
        told = _TOLD_NAME.search(clause)
        if told and len(told[1]) > 1 and told[1] not in _NOT_A_NAME:
            return heard.as_written(told[1])
    first = heard.clauses[0] if heard.clauses else ""
    bare = _ANSWERED_NAME.match(heard.text) if was_asked else _BARE_NAME.match(first)
    if bare and len(bare[1]) > 1 and bare[1] not in _NOT_A_NAME.union(BASES) and not bare[1].endswith("ing"):
        return heard.as_written(bare[1])
    return None


def recall(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Each fact as the end of "you told me that ..."."""
    return tuple(_RECALL[fact.kind].format(fact.value) for fact in facts if fact.kind in _RECALL)


_RECALL: dict[Kind, str] = {
    "like": "you like {}",
    "dislike": "you don't like {}",
    "job": "you're {}",
    "from": "you're from {}",
    "live": "you live in {}",
    "have": "you have {}",
    "wish": "you want to {}",
}


def _fact(kind: Kind, pattern: re.Pattern[str], clause: str) -> Fact | None:
    match = pattern.search(clause)
    if not match or (kind == "like" and re.search(r"\b(?:don't|do not)\b", clause)):
        return None
    value = _trim(kind, next(group for group in match.groups() if group))
    return Fact(kind, value) if value else None


def _trim(kind: Kind, words: str) -> str | None:
    """A value short and sound enough to be said back; None when the recogniser garbled it."""
    value = (_WISH_STOP if kind == "wish" else _STOP).sub("", f" {words}").strip()
    tokens = value.split()
    if kind in {"like", "dislike"} and tokens[:1] == ["to"]:
        if len(tokens) < 2 or tokens[1] not in BASES:
            return None
        tokens = [ing(tokens[1]), *tokens[2:]]
    if kind == "wish":
        return _trim_wish(tokens)
    if (
        not 0 < len(tokens) <= 4
        or _INNER_FUNCTION & set(tokens)
        or tokens[-1] in {"the", "a", "an", "my", "and", "of"}
    ):
        return None
    if tokens[0] in BASES or max(map(len, tokens)) > 20 or (kind == "job" and _NOT_A_JOB & set(tokens)):
        return None
    if kind == "named":
        return tokens[0].title()
    if kind in {"from", "live"}:
        return " ".join(word if word in _PLAIN_IN_PLACES else word.title() for word in tokens)
    return capitalise_inner(mirror(" ".join(tokens)))


def _trim_wish(tokens: list[str]) -> str | None:
    if not 1 <= len(tokens) <= 5 or tokens[0] not in BASES or tokens[-1] in {"to", "the", "a", "my", "and"}:
        return None
    if {"you", "that", "this", "it"} & set(tokens):
        return None
    return capitalise_inner(mirror(" ".join(tokens)))


def capitalise_inner(phrase: str) -> str:
    """Days and languages with capitals, the first letter left as it is."""
    return capitalise(f"x {phrase}")[2:]

"""Whether a message may go to the model of a beauty and cosmetic-medicine assistant. Pure.

Where it cannot tell it lets the message through: what the model answers is the model's to refuse.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from gateway.apis.beautyai.content_rules import (
    COURTESY_AR,
    COURTESY_EN,
    DOMAIN_AR,
    DOMAIN_EN,
    FOREIGN,
    HARMFUL,
)

Strictness = Literal["strict", "balanced", "relaxed", "disabled"]
STRICTNESSES: tuple[Strictness, ...] = get_args(Strictness)
Rules = tuple[tuple[str, re.Pattern[str]], ...]

# Vowel signs and the stretcher of Arabic, and what nobody sees: soft hyphens, joiners, directions.
_MARKS = re.compile(r"[\u0640\u064b-\u065f\u0670\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_FOLDED = str.maketrans("أإآٱىة’‘`´", "اااايه''''")
_SPACES = re.compile(r"\s+")
_ARABIC = re.compile(r"[\u0621-\u064a]")


def _compiled(rules: tuple[tuple[str, str], ...]) -> Rules:
    # In Arabic "and" and "so" are written onto the word.
    return tuple((subject, re.compile(rf"(?<!\w)(?:[وف])?(?:{text})(?!\w)")) for subject, text in rules)


_HARMFUL, _FOREIGN = _compiled(HARMFUL), _compiled(FOREIGN)
_DOMAIN = re.compile(rf"(?<!\w)(?:{DOMAIN_EN}|{DOMAIN_AR})(?!\w)")
# Atomic and possessive: a long row of greetings must not be tried in every possible way.
_COURTESY = re.compile(rf"\W*+(?:(?>(?:{COURTESY_EN}|{COURTESY_AR})(?!\w))\W*+)++")
PIECE_CHARS, OVERLAP_CHARS = 2000, 200
OFF_TOPIC = "off topic"
SERIOUS = frozenset({"violence", "abuse", "drugs", "hacking", "weapons", "sexual content"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`subject`: what a message was blocked for; empty: it may pass."""

    subject: str = ""

    @property
    def passes(self) -> bool:
        return not self.subject


def check_content(message: str, strictness: Strictness) -> Verdict:
    """The verdict on a message; blocks for some 2 ms with `PIECE_CHARS` characters.

    relaxed blocks requests to hurt somebody; balanced also sensitive subjects that are not ours; strict all
    that is not about beauty, except greetings and thanks; disabled nothing.
    """
    if strictness == "disabled":
        return Verdict()
    text = normalise(message)
    rules = _HARMFUL if strictness == "relaxed" else _HARMFUL + _FOREIGN
    for subject, pattern in rules:
        if pattern.search(text):
            return Verdict(subject)
    if strictness == "strict" and not (_DOMAIN.search(text) or _COURTESY.fullmatch(text)):
        return Verdict(OFF_TOPIC)
    return Verdict()


def pieces(message: str) -> Iterator[str]:
    """The message in pieces of `PIECE_CHARS` characters, each overlapping the next by `OVERLAP_CHARS`.

    A phrase of up to `OVERLAP_CHARS` is whole in one of them. At least one piece.
    """
    for start in range(0, max(len(message) - OVERLAP_CHARS, 1), PIECE_CHARS - OVERLAP_CHARS):
        yield message[start : start + PIECE_CHARS]


def join_verdicts(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a whole message: blocked for what any piece is, off topic only where every piece is."""
    bad = next((verdict for verdict in verdicts if verdict.subject not in ("", OFF_TOPIC)), None)
    if bad is None and verdicts and all(verdict.subject == OFF_TOPIC for verdict in verdicts):
        bad = Verdict(OFF_TOPIC)
    return bad or Verdict()


def normalise(text: str) -> str:
    """As the rules are written: NFKC, case folded, single spaces, no vowel signs, one form of each alef."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)
    return _SPACES.sub(" ", _MARKS.sub("", folded)).strip()


def refusal(verdict: Verdict, message: str, language: str) -> str:
    """A sentence for a message that was blocked.

    In Arabic where `language` is ar, or auto and the message has Arabic letters; else in English.
    """
    words = (
        _REFUSALS_AR if language == "ar" or (language == "auto" and _ARABIC.search(message)) else _REFUSALS_EN
    )
    if verdict.subject in SERIOUS:
        return words["serious"]
    return words.get(verdict.subject, words[OFF_TOPIC])


_REFUSALS_EN = {
    "serious": "I cannot help with that. I am happy to talk about beauty and cosmetic treatments instead.",
    "self-harm": (
        "I cannot help with that, but you matter. Please talk to someone you trust or call your local "
        "emergency number now."
    ),
    OFF_TOPIC: "I only talk about beauty and cosmetic treatments. What would you like to know about those?",
}
_REFUSALS_AR = {
    "serious": "لا أستطيع المساعدة في هذا الأمر، ويسعدني الحديث معك عن الجمال والعلاجات التجميلية.",
    "self-harm": (
        "لا أستطيع المساعدة في هذا، لكن حياتك غالية. "
        "تحدث من فضلك مع شخص تثق به أو اتصل برقم الطوارئ في بلدك الآن."
    ),
    OFF_TOPIC: "حديثي يقتصر على الجمال والعلاجات التجميلية. ماذا تود أن تعرف عنها؟",
}

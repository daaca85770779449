"""Whether a user who makes a sound over a reply means to interrupt it, by the words of it."""

from dataclasses import dataclass
from enum import Enum

from gateway.conversation.interjections import (
    Words,
    is_echo,
    is_listening,
    may_stand_alone,
    says_stop,
    words_of,
)

LEAST_ECHO = 4
"""So few words at the end of a reply are its answer, though they are its own."""


class Verdict(Enum):
    REAL = "real"
    """The reply ends, and the floor is the user's."""
    FALSE = "false"
    """The reply goes on as if nothing had been said."""
    PENDING = "pending"
    """More must be heard of it."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of a sound over a reply: its words, and whether more of it may come.

    `spoken`: what the reply says around that time. `closing`: it has said all but its last second, so a "yes"
    answers it. `least_words`: as long as more may come, fewer that are said whole prove nothing; recognisers
    find words in noise. `guessed`: the recogniser itself doubts all of these words.
    `over`: the reply has ended for it already, so there is nothing to protect but from a noise or an echo.
    """

    text: str = ""
    ended: bool = False
    spoken: str = ""
    closing: bool = False
    language: str = "en"
    least_words: int = 3
    guessed: bool = False
    over: bool = False


def judge(overlap: Overlap) -> Verdict:
    words, language = words_of(overlap.text), overlap.language
    nothing = Verdict.FALSE if overlap.ended else Verdict.PENDING
    if is_listening(words, language) and not overlap.closing:
        return nothing
    if not overlap.ended:
        words = words[:-1]  # it may be the beginning of another: "no" of "mm-hmm", "I'll read" of "oh really"
    spoken, stops = words_of(overlap.spoken), says_stop(words, language)
    answers = overlap.closing and len(words) < LEAST_ECHO  # "tea or coffee?" "Coffee."
    echoes = is_echo(words, spoken) and not (stops and words[0] not in spoken)
    if not words or (echoes and not answers):
        return nothing
    if stops:
        return Verdict.REAL
    if overlap.ended:
        counts = overlap.closing or overlap.over or _is_meant(words, overlap)
        return Verdict.REAL if counts else Verdict.FALSE
    return Verdict.REAL if len(words) >= overlap.least_words else Verdict.PENDING


def _is_meant(words: Words, overlap: Overlap) -> bool:
    """All of them: neither doubted by the recogniser nor one alone that calls nobody."""
    return not overlap.guessed and (len(words) > 1 or may_stand_alone(words, overlap.language))

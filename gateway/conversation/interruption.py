"""Whether a user who makes a sound over a reply means to interrupt it, by the words of it."""

from dataclasses import dataclass
from enum import Enum

from gateway.conversation.interjections import is_echo, is_listening, says_stop, words_of

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
    find words in noise.
    """

    text: str = ""
    ended: bool = False
    spoken: str = ""
    closing: bool = False
    language: str = "en"
    least_words: int = 2


def judge(overlap: Overlap) -> Verdict:
    words = words_of(overlap.text)
    if not overlap.ended:
        words = words[:-1]  # it may be the beginning of another: "no" of "mm-hmm", "I'll read" of "oh really"
    nothing = Verdict.FALSE if overlap.ended else Verdict.PENDING
    spoken, stops = words_of(overlap.spoken), says_stop(words, overlap.language)
    answers = overlap.closing and len(words) < LEAST_ECHO  # "tea or coffee?" "Coffee."
    echoes = is_echo(words, spoken) and not (stops and words[0] not in spoken)
    if not words or (echoes and not answers):
        return nothing
    if stops:
        return Verdict.REAL
    if is_listening(words, overlap.language) and not overlap.closing:
        return nothing
    enough = overlap.ended or len(words) >= overlap.least_words
    return Verdict.REAL if enough else Verdict.PENDING

"""What makes an answer fit to be spoken by a tutor, as far as a program can tell: seven questions, yes or no.

A program sees whether an answer is to the point and whether it claims what nobody told it; whether what it
says is true it does not see: the answers are printed to be read.
"""

import re
from dataclasses import dataclass, fields

from tests.load.mind.sayings import HOTEL, Saying

MOST_WORDS, MOST_SENTENCES, LONGEST_SENTENCE = 60, 5, 30
_MARKS = re.compile(r"[*_#`\[\]{}<>\n|~]")
_KIN = "wife|husband|mother|father|brother|sister|son|daughter|uncle|mentor|boss|friend|family"
_LIVED = re.compile(
    r"\b(?:i was born|i grew up|i (?:once |also )?(?:went|visited|lived|bought|saw|used to)|i live in"
    rf"|when i was|as a child|i(?:'ve| have)(?: got)? an? (?:\w+ )?(?:{_KIN}|dog|cat|house|garden|degree)"
    rf"|my (?:own )?(?:{_KIN})|i(?:'ve| have)? (?:just )?(?:booked|ordered|called|sent|paid)"
    r"|i(?:'ll| will) (?:call|order|book|send|pay)|i heard that you|you told me)\b"
)
"""What a voice in a machine has not done, and what nobody said to it."""
_ITSELF = re.compile(r"\bparley(?:'s| is| was| has|,)")
"""Nothing that is said here tells what Parley is: whoever explains it has made it up."""
_NUMBER = re.compile(r"\d[\d,.]*")
_NOT_FOR_CHILDREN = re.compile(
    r"\b(?:wine|beer|alcohol|drunk|cigarettes?|drugs?|guns?|kill\w*|suicide|sex\w*|naked|damn|stupid|idiot)\b"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`asks`: the floor is handed back with a question, or closed by a farewell; of others than the tutor
    nobody expects it.
    """

    asks: bool
    on_topic: bool
    recasts: bool
    invents_nothing: bool
    fits_speech: bool
    plain: bool
    safe: bool

    @property
    def good(self) -> bool:
        return all(getattr(self, field.name) for field in fields(self))


def judge(saying: Saying, reply: str) -> Verdict:
    low = " ".join(reply.lower().replace("’", "'").split())
    sentences = [part for part in re.split(r"(?<=[.!?])\s+", reply.strip()) if part]
    words = low.split()
    return Verdict(
        asks=saying.kind == "guest" or reply.rstrip(' "').endswith("?") is not saying.farewell,
        on_topic=any(re.search(rf"\b{re.escape(word)}", low) for word in _about(saying)),
        recasts=saying.right in low,
        invents_nothing=not (_LIVED.search(low) or _ITSELF.search(low) or _new_numbers(saying, low)),
        fits_speech=2 <= len(words) <= MOST_WORDS
        and len(sentences) <= MOST_SENTENCES
        and all(len(sentence.split()) <= LONGEST_SENTENCE for sentence in sentences),
        plain=not _MARKS.search(reply) and reply.replace("’", "'").isascii(),
        safe=not _NOT_FOR_CHILDREN.search(low),
    )


def _about(saying: Saying) -> list[str]:
    return [saying.about] if "," in saying.about else saying.about.split()


def _new_numbers(saying: Saying, reply: str) -> set[str]:
    """Numbers that neither the question, nor the right answer, nor the agent's prompt has."""
    known = f"{saying.said} {saying.about} {HOTEL if saying.kind == 'guest' else ''}"
    return {number.strip(".,") for number in _NUMBER.findall(reply)} - set(known.split())

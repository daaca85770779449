"""How the mind behind the tutor is asked, and what it may say. Pure: no I/O, no clock.

A model of 135 million parameters follows examples better than instructions, says one sentence better than
two, and states firmly what is not so: in the tutor's name it may say one sentence that claims little.
"""

import re

from llm_service.engine import Message, Prompt, Sampling

_EXAMPLES = (
    ("why do leaves fall in autumn", "Trees let their leaves go to save water in the cold months."),
    ("we painted our kitchen yellow", "A yellow kitchen sounds bright and cheerful!"),
    ("who are your parents", "I'm only a voice in a machine, so I have no parents."),
    ("can you call my sister", "I can't make calls, I can only talk with you."),
)
_INSTRUCTIONS = "You are Alex, an English tutor. Reply to the learner in one short, simple, true sentence."
_MANNER = (
    Message("system", _INSTRUCTIONS),
    *(
        message
        for said, answered in _EXAMPLES
        for message in (Message("user", said), Message("assistant", answered))
    ),
)
READ_CHARS = 300
LONGEST_WORDS = 25
SAMPLING = Sampling(max_tokens=40, temperature=0.0, repetition_penalty=1.0, stop=("\n",))

_SENTENCE = re.compile(r"[^.!?]+[.!?]")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z ,.!;:'\"-]*[.!]")
"""No figures: those of a small model are wrong. No question either: the tutor asks its own."""
_KIN = "wife|husband|mother|father|mom|dad|brother|sister|son|daughter|uncle|aunt|boss|friend|family"
_CLAIMS = re.compile(
    rf"\bmy (?:own |best |favou?rite |old )?(?:{_KIN})|\bparley\b|\bwhen i was\b|\bas a child\b"
    r"|\bi (?:was born|grew up|went|visited|lived?|saw|bought|used to|heard)\b"
    r"|\bi(?:'m| am) (?:from|human|a person|not an? (?:machine|robot|program|computer|bot|ai))\b"
    r"|\bi(?:'ve| have) (?:just )?(?:been|booked|ordered|called|sent|seen|visited|lived)\b"
    r"|\bi(?:'ll| will) (?:call|order|book|send|pay|come|bring|cook)\b|\b(?:smollm|hugging face)\b",
    re.IGNORECASE,
)
"""What a voice in a machine has not done and cannot do."""
_EMPTY = re.compile(
    r"\b(?:not sure|sorry|afraid|unable)\b|\b(\w{4,}) (?:is|are) (?:an? |the )?(?:\w+ )?\1\b"
    r"|\b(\w+ \w+ \w+)\b.*\b\2\b",
    re.IGNORECASE,
)
"""An excuse, or a thing explained by itself: the rules have better ones."""
_UNFIT = re.compile(
    r"\b(?:wine|beer|alcohol|drunk|cigarettes?|drugs?|guns?|kill\w*|suicide|sex\w*|naked|stupid|idiot)\b",
    re.IGNORECASE,
)


def question_for_the_mind(prompt: Prompt) -> Prompt:
    """What the learner said last, put so that one short sentence comes back; "" is asked of an empty talk."""
    said = next((m.content for m in reversed(prompt.messages) if m.role == "user"), "")
    asked = Message("user", " ".join(said.split())[:READ_CHARS])
    return Prompt(prompt.turn, (*_MANNER, asked), SAMPLING, prompt.level)


def first_sentence(written: str) -> str:
    """The first whole sentence of what was written so far; "" while there is none."""
    match = _SENTENCE.match(" ".join(written.replace("’", "'").split()))
    return match[0].strip() if match else ""


def may_be_said(sentence: str, learner: str) -> bool:
    """Whether the tutor says this in its own name: plain words, no claims, and not the learner's own back."""
    words = re.findall(r"[a-z']+", sentence.lower())
    return (
        _PLAIN.fullmatch(sentence) is not None
        and 3 <= len(words) <= LONGEST_WORDS
        and not _CLAIMS.search(sentence)
        and not _EMPTY.search(sentence)
        and not _UNFIT.search(sentence)
        and not set(words) <= set(re.findall(r"[a-z']+", learner.lower()))
    )
